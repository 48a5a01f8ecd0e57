-- What parse-server 9.10.0 had in PostgreSQL 15 after requests to its REST API: tables as `pg_dump` shows them, rows as
-- `psql` does. Ids and names were shortened; what is not used here was left out.

CREATE TABLE "_SCHEMA" ("className" character varying(120) PRIMARY KEY, schema jsonb, "isParseClass" boolean);
INSERT INTO "_SCHEMA" VALUES
('_User', '{"fields": {"nick": {"type": "String"}, "email": {"type": "String"}, "phone": {"type": "String"}, "_rperm": {"type": "Array", "contents": {"type": "String"}}, "_wperm": {"type": "Array", "contents": {"type": "String"}}, "authData": {"type": "Object"}, "objectId": {"type": "String"}, "username": {"type": "String"}, "createdAt": {"type": "Date"}, "updatedAt": {"type": "Date"}, "emailVerified": {"type": "Boolean"}, "_hashed_password": {"type": "String"}}, "className": "_User"}', true),
('_Role', '{"fields": {"name": {"type": "String"}, "roles": {"type": "Relation", "targetClass": "_Role"}, "users": {"type": "Relation", "targetClass": "_User"}, "_rperm": {"type": "Array", "contents": {"type": "String"}}, "_wperm": {"type": "Array", "contents": {"type": "String"}}, "objectId": {"type": "String"}, "createdAt": {"type": "Date"}, "updatedAt": {"type": "Date"}}, "className": "_Role"}', true),
('_Session', '{"fields": {"user": {"type": "Pointer", "targetClass": "_User"}, "_rperm": {"type": "Array", "contents": {"type": "String"}}, "_wperm": {"type": "Array", "contents": {"type": "String"}}, "objectId": {"type": "String"}, "createdAt": {"type": "Date"}, "expiresAt": {"type": "Date"}, "updatedAt": {"type": "Date"}, "createdWith": {"type": "Object"}, "sessionToken": {"type": "String"}, "installationId": {"type": "String"}}, "className": "_Session"}', true),
('Thing', '{"fields": {"a": {"type": "Array"}, "b": {"type": "Boolean"}, "d": {"type": "Date"}, "f": {"type": "File"}, "g": {"type": "GeoPoint"}, "n": {"type": "Number"}, "o": {"type": "Object"}, "p": {"type": "Pointer", "targetClass": "Other"}, "r": {"type": "Relation", "targetClass": "Other"}, "s": {"type": "String"}, "by": {"type": "Bytes"}, "dd": {"type": "Date", "defaultValue": {"iso": "2014-01-01T00:00:00.000Z", "__type": "Date"}}, "pg": {"type": "Polygon"}, "req": {"type": "String", "required": true, "defaultValue": "x"}, "_rperm": {"type": "Array", "contents": {"type": "String"}}, "_wperm": {"type": "Array", "contents": {"type": "String"}}, "objectId": {"type": "String"}, "createdAt": {"type": "Date"}, "updatedAt": {"type": "Date"}}, "indexes": {"i1": {"n": -1, "s": 1}, "t1": {"s": "text"}, "_id_": {"_id": 1}}, "className": "Thing", "classLevelPermissions": {"ACL": {"*": {"read": true}}, "get": {"*": true, "requiresAuthentication": true}, "find": {"*": true}, "count": {"*": true}, "create": {"role:x": true}, "delete": {"*": true}, "update": {}, "addField": {}, "protectedFields": {"*": ["s"]}}}', true),
('Other', '{"fields": {"name": {"type": "String"}, "_rperm": {"type": "Array", "contents": {"type": "String"}}, "_wperm": {"type": "Array", "contents": {"type": "String"}}, "objectId": {"type": "String"}, "createdAt": {"type": "Date"}, "updatedAt": {"type": "Date"}}, "className": "Other"}', true),
-- After a field was deleted and an index made: with `ACL`, and all permissions.
('Plain', '{"fields": {"z": {"type": "Array"}, "ACL": {"type": "ACL"}, "objectId": {"type": "String"}, "createdAt": {"type": "Date"}, "updatedAt": {"type": "Date"}}, "indexes": {"z1": {"z": 1}, "_id_": {"_id": 1}}, "className": "Plain", "classLevelPermissions": {"ACL": {"*": {"read": true, "write": true}}, "get": {"*": true}, "find": {"*": true}, "count": {"*": true}, "create": {"*": true}, "delete": {"*": true}, "update": {"*": true}, "addField": {"*": true}, "protectedFields": {"*": []}}}', true),
-- Permissions that name one operation only.
('Partial', '{"fields": {"_rperm": {"type": "Array", "contents": {"type": "String"}}, "_wperm": {"type": "Array", "contents": {"type": "String"}}, "objectId": {"type": "String"}, "createdAt": {"type": "Date"}, "updatedAt": {"type": "Date"}}, "className": "Partial", "classLevelPermissions": {"find": {"*": true}}}', true);

CREATE TABLE "_User" ("objectId" text PRIMARY KEY, "createdAt" timestamp with time zone, "updatedAt" timestamp with time zone, username text, email text, "emailVerified" boolean, "authData" jsonb, _rperm text[], _wperm text[], _hashed_password text, _email_verify_token_expires_at timestamp with time zone, _email_verify_token text, _account_lockout_expires_at timestamp with time zone, _failed_login_count double precision, _perishable_token text, _perishable_token_expires_at timestamp with time zone, _password_changed_at timestamp with time zone, _password_history jsonb, phone text, nick text);
CREATE UNIQUE INDEX "_User_unique_authData_anonymous_id" ON "_User" USING btree (((("authData" -> 'anonymous'::text) ->> 'id'::text))) WHERE ((("authData" -> 'anonymous'::text) ->> 'id'::text) IS NOT NULL);
CREATE UNIQUE INDEX "_User_unique_email" ON "_User" USING btree (email);
CREATE UNIQUE INDEX "_User_unique_username" ON "_User" USING btree (username);
CREATE INDEX _email_verify_token ON "_User" USING btree (_email_verify_token);
CREATE INDEX _perishable_token ON "_User" USING btree (_perishable_token);
CREATE INDEX case_insensitive_email ON "_User" USING btree (lower(email) varchar_pattern_ops);
CREATE INDEX case_insensitive_username ON "_User" USING btree (lower(username) varchar_pattern_ops);
INSERT INTO "_User" VALUES
-- His password is "pw2"; it was "pw1".
('ann', '2026-11-21 16:34:53.793+00', '2026-11-21 16:34:53.958+00', 'ann', 'Ann@Example.org', false, NULL, '{*,ann}', '{ann}', '$2y$10$/FtVh9hFsw2hzYKpiNO9JOarpAOGi4x5O3DA73w3FoldzeEhh0lf6', '2026-11-21 17:34:53.867+00', 'Qaf0ag87HKuAfeN1y4eQe42JL', NULL, 1, NULL, NULL, '2026-11-21 16:34:54.083+00', '["$2y$10$7XTFQtZuaZ6nNoif0qb8C.v9fz1laP7PzAoc1Hsi5v2KEYuanbr0u"]', '1', 'n'),
('anon', '2026-11-21 16:34:53.879+00', '2026-11-21 16:34:53.879+00', 'vS3a8QleBEHNa54qu6L2Va19g', NULL, NULL, '{"anonymous": {"id": "anon-1"}}', '{anon}', '{anon}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-21 16:34:53.882+00', NULL, NULL, NULL);

CREATE TABLE "_Session" ("objectId" text PRIMARY KEY, "createdAt" timestamp with time zone, "updatedAt" timestamp with time zone, "user" text, "installationId" text, "sessionToken" text, "expiresAt" timestamp with time zone, "createdWith" jsonb, _rperm text[], _wperm text[]);
INSERT INTO "_Session" VALUES
('s1', '2026-11-21 16:34:54.089+00', '2026-11-21 16:34:54.089+00', 'ann', NULL, 'r:b9046bbcbf9fc599e914ef7538fb3af4', '2126-11-21 16:34:54.089+00', NULL, NULL, NULL),
('s2', '2026-11-21 16:34:53.883+00', '2026-11-21 16:34:53.883+00', 'anon', NULL, 'r:5e7995055ddd8cb473b30e0718bef16f', '2126-11-21 16:34:53.883+00', '{"action": "login", "authProvider": "anonymous"}', NULL, NULL);

CREATE TABLE "_Role" ("objectId" text PRIMARY KEY, "createdAt" timestamp with time zone, "updatedAt" timestamp with time zone, name text, _rperm text[], _wperm text[]);
CREATE UNIQUE INDEX "_Role_unique_name" ON "_Role" USING btree (name);
INSERT INTO "_Role" VALUES
('role1', '2026-11-21 16:34:54.245+00', '2026-11-21 16:34:54.245+00', 'x', '{*}', '{}'),
('role2', '2026-11-21 16:34:54.25+00', '2026-11-21 16:34:54.25+00', 'y', '{}', '{}');
CREATE TABLE "_Join:users:_Role" ("relatedId" character varying(120), "owningId" character varying(120), PRIMARY KEY ("relatedId", "owningId"));
INSERT INTO "_Join:users:_Role" VALUES ('ann', 'role1');
CREATE TABLE "_Join:roles:_Role" ("relatedId" character varying(120), "owningId" character varying(120), PRIMARY KEY ("relatedId", "owningId"));
INSERT INTO "_Join:roles:_Role" VALUES ('role1', 'role2');

CREATE TABLE "Other" ("objectId" text PRIMARY KEY, "createdAt" timestamp with time zone, "updatedAt" timestamp with time zone, _rperm text[], _wperm text[], name text);
INSERT INTO "Other" VALUES ('other', '2026-11-21 16:34:53.758+00', '2026-11-21 16:34:53.758+00', NULL, NULL, 'other');
CREATE TABLE "Plain" ("objectId" text PRIMARY KEY, "createdAt" timestamp with time zone, "updatedAt" timestamp with time zone, _rperm text[], _wperm text[], z jsonb);
CREATE INDEX z1 ON "Plain" USING btree (z);
CREATE TABLE "Partial" ("objectId" text PRIMARY KEY, "createdAt" timestamp with time zone, "updatedAt" timestamp with time zone, _rperm text[], _wperm text[]);

CREATE TABLE "Thing" ("objectId" text PRIMARY KEY, "createdAt" timestamp with time zone, "updatedAt" timestamp with time zone, s text, n double precision, b boolean, d timestamp with time zone, o jsonb, a jsonb, g point, pg polygon, f text, by jsonb, p text, req text, dd timestamp with time zone, _rperm text[], _wperm text[]);
CREATE INDEX i1 ON "Thing" USING btree (s, n);
CREATE INDEX t1 ON "Thing" USING btree (s);
CREATE TABLE "_Join:r:Thing" ("relatedId" character varying(120), "owningId" character varying(120), PRIMARY KEY ("relatedId", "owningId"));
INSERT INTO "_Join:r:Thing" VALUES ('other', 'full');
INSERT INTO "Thing" VALUES
('full', '2026-11-21 16:34:54.255+00', '2026-11-21 16:34:54.279+00', E'tex"t\u00e9\n', 3.5, true, '2020-02-03 04:05:06.789+00',
 '{"a": 1, "b": [1, {"c": null}], "d": {"iso": "2020-02-03T04:05:06.789Z", "__type": "Date"}, "f": {"url": "http://x/x.txt", "name": "x.txt", "__type": "File"}, "g": {"__type": "GeoPoint", "latitude": 1, "longitude": 2}, "n": null, "p": {"__type": "Pointer", "objectId": "other", "className": "Other"}, "by": {"__type": "Bytes", "base64": "AQID"}}',
 '[1, "x", null, true, {"iso": "2020-02-03T04:05:06.789Z", "__type": "Date"}, {"__type": "Pointer", "objectId": "other", "className": "Other"}, {"__type": "GeoPoint", "latitude": 1, "longitude": 2}, {"k": {"deep": 1}}, {"__type": "Bytes", "base64": "AQID"}, {"url": "http://x/x.txt", "name": "x.txt", "__type": "File"}]',
 '(-20.25,10.5)', '((0,0),(10,0),(10,20),(0,0))', 'abc_hello.txt', '{"__type": "Bytes", "base64": "AQIDBA=="}', 'other', 'x', '2014-01-01 00:00:00+00', '{ann,role:x,*}', '{ann}'),
('nulls', '2026-11-21 16:34:54.263+00', '2026-11-21 16:34:54.263+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'nulls', '2014-01-01 00:00:00+00', '{*}', '{}'),
('closed', '2026-11-21 16:34:54.268+00', '2026-11-21 16:34:54.268+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'closed', '2014-01-01 00:00:00+00', '{}', '{}'),
('old', '2026-11-21 16:34:54.275+00', '2026-11-21 16:34:54.275+00', NULL, NULL, NULL, '1900-01-01 00:00:00+00', '{}', '[]', NULL, NULL, NULL, NULL, NULL, 'old', '2014-01-01 00:00:00+00', '{*}', '{}');

-- Classes without a row in "_SCHEMA".
CREATE TABLE "_GlobalConfig" ("objectId" text PRIMARY KEY, params jsonb, "masterKeyOnly" jsonb);
INSERT INTO "_GlobalConfig" VALUES ('1', '{"a": 2, "b": {"c": [1]}, "d": {"iso": "2020-01-01T00:00:00.000Z", "__type": "Date"}}', '{"a": false, "b": true, "d": false}');
CREATE TABLE "_Hooks" ("functionName" text, "className" text, "triggerName" text, url text);
INSERT INTO "_Hooks" VALUES ('hf', NULL, NULL, 'http://127.0.0.1:1/x'), (NULL, 'Thing2', 'beforeSave', 'http://127.0.0.1:1/y');
CREATE TABLE "_JobStatus" ("objectId" text PRIMARY KEY, "createdAt" timestamp with time zone, "updatedAt" timestamp with time zone, "jobName" text, source text, status text, message text, params jsonb, "finishedAt" timestamp with time zone, _rperm text[], _wperm text[]);
INSERT INTO "_JobStatus" VALUES ('job', '2026-11-21 16:34:54.357+00', NULL, 'job1', 'api', 'succeeded', 'done', NULL, '2026-11-21 16:34:54.359+00', '{}', '{}');
CREATE TABLE "_Audience" ("objectId" text PRIMARY KEY, "createdAt" timestamp with time zone, "updatedAt" timestamp with time zone, name text, query text, "lastUsed" timestamp with time zone, "timesUsed" double precision, _rperm text[], _wperm text[]);
