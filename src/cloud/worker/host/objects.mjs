// Parse objects between the server and user code: object states in, pending operations and full JSON out.

const stateController = () => globalThis.Parse.CoreManager.getObjectStateController();

/**
 * Builds an object from `{className, objectId?, existed?, data, ops?}`: what is stored, and on top of it the pending
 * operations, so that `dirty()`, `op()`, `isNew()`, `existed()` and `revert()` tell the truth.
 */
export function objectFromState({ className, objectId, existed, data, ops }) {
  const Parse = globalThis.Parse;
  const json = { ...data, className };
  delete json.__type;
  if (objectId !== undefined) {
    json.objectId = objectId;
  }
  const object = Parse.Object.fromJSON(json);
  if (existed !== undefined) {
    object._setExisted(existed);
  }
  if (ops) {
    applyOperations(object, ops);
  }
  return object;
}

// Past `set`, which would ask the object's own validation and refuse read-only fields of system classes.
function applyOperations(object, ops) {
  const Parse = globalThis.Parse;
  const states = stateController();
  const identifier = object._getStateIdentifier();
  const dotted = [];
  for (const field of Object.keys(ops)) {
    const value = ops[field];
    if (field === 'objectId') {
      object.id = value;
    } else {
      const operation = operationOf(Parse, field, value);
      if (operation) {
        states.setPendingOp(identifier, field, operation);
        if (field.includes('.')) {
          dotted.push(field);
        }
      }
    }
  }
  if (dotted.length > 0) {
    foldDotted(object, ops, dotted);
  }
}

// What user code sees of a change of `stats.wins` is a change of `stats`, as in Parse Server. What the server gets
// back is the dotted operation again, unless the handler changed `stats` further.
const foldedOperations = new WeakMap();

function foldDotted(object, ops, dotted) {
  const states = stateController();
  const identifier = object._getStateIdentifier();
  const { attributes } = object;
  const folded = {};
  for (const field of dotted) {
    const root = field.slice(0, field.indexOf('.'));
    folded[root] ??= { ops: {} };
    folded[root].ops[field] = ops[field];
    states.setPendingOp(identifier, field, null);
  }
  for (const root of Object.keys(folded)) {
    const set = new globalThis.Parse.Op.Set(attributes[root]);
    states.setPendingOp(identifier, root, set);
    folded[root].json = JSON.stringify(set.toJSON());
  }
  foldedOperations.set(object, folded);
}

function unfoldDotted(object, ops) {
  const folded = foldedOperations.get(object) ?? {};
  for (const root of Object.keys(folded)) {
    if (JSON.stringify(ops[root]) === folded[root].json) {
      delete ops[root];
      Object.assign(ops, folded[root].ops);
    }
  }
}

function operationOf(Parse, field, value) {
  if (value !== null && typeof value === 'object') {
    if (typeof value.__op === 'string') {
      return Parse._decode(null, value);
    }
    if (value.$undefined === true) {
      return new Parse.Op.Set(undefined);
    }
    if (field === 'ACL') {
      return new Parse.Op.Set(new Parse.ACL(value));
    }
  }
  return new Parse.Op.Set(Parse._decode(null, value));
}

/** Remembers what an object had stored, so that a save or fetch by the handler itself can be told afterwards. */
export function storedData(object) {
  return { ...object._getServerData() };
}

/** The object after the handler: all pending operations, and stored fields that are no longer as in `before`. */
export function changesOfObject(object, before) {
  const changes = { ops: pendingOperations(object) };
  if (object.id) {
    changes.objectId = object.id;
  }
  const data = changedData(object, before);
  if (data) {
    changes.data = data;
  }
  return changes;
}

function pendingOperations(object) {
  const ops = object._getSaveJSON();
  // Operations that were made while a save of the object is under way.
  const pending = object._getPendingOps();
  for (let i = 1; i < pending.length; i += 1) {
    for (const field of Object.keys(pending[i])) {
      ops[field] = pending[i][field].toJSON();
    }
  }
  unfoldDotted(object, ops);
  for (const field of Object.keys(ops)) {
    if (ops[field] === undefined) {
      ops[field] = { $undefined: true };
    } else if (typeof ops[field] === 'function' || typeof ops[field] === 'symbol') {
      throw new TypeError(`The field ${field} holds a ${typeof ops[field]}, which can not be stored.`);
    }
  }
  return ops;
}

function changedData(object, before) {
  const now = object._getServerData();
  let data;
  for (const field of Object.keys(now)) {
    if (now[field] !== before[field]) {
      const value = encodeStored(field, now[field]);
      if (before[field] === undefined || JSON.stringify(value) !== JSON.stringify(encodeStored(field, before[field]))) {
        data ??= {};
        data[field] = value;
      }
    }
  }
  for (const field of Object.keys(before)) {
    if (!(field in now)) {
      data ??= {};
      data[field] = { $undefined: true };
    }
  }
  return data;
}

function encodeStored(field, value) {
  if ((field === 'createdAt' || field === 'updatedAt') && value instanceof Date) {
    return value.toISOString();
  }
  return globalThis.Parse._encode(value);
}

/** The state of an object as an "any" value. */
export function stateOfObject(object) {
  const stored = object._getServerData();
  const data = {};
  for (const field of Object.keys(stored)) {
    data[field] = encodeStored(field, stored[field]);
  }
  const state = { className: object.className, existed: object.existed(), data };
  if (object.id) {
    state.objectId = object.id;
  }
  const ops = pendingOperations(object);
  if (Object.keys(ops).length > 0) {
    state.ops = ops;
  }
  return state;
}

/** REST JSON of an object with unsaved changes merged in and the objects in it in full, as `afterFind` returns it. */
export function fullJSON(object) {
  const json = attributesJSON(object, [object]);
  json.className = object.className;
  return json;
}

function attributesJSON(object, parents) {
  const attributes = object.attributes;
  const json = {};
  for (const field of Object.keys(attributes)) {
    const value = attributes[field];
    if (value !== undefined) {
      const isTime = (field === 'createdAt' || field === 'updatedAt') && value instanceof Date;
      json[field] = isTime ? value.toISOString() : fullValue(value, parents);
    }
  }
  if (object.id) {
    json.objectId = object.id;
  }
  return json;
}

/** REST JSON of any value that may hold Parse objects. */
export function fullValue(value, parents = []) {
  const Parse = globalThis.Parse;
  if (value === null || typeof value !== 'object') {
    return value;
  }
  if (parents.includes(value)) {
    if (value instanceof Parse.Object) {
      return value.toPointer();
    }
    throw new TypeError('A value that contains itself can not be sent to the server.');
  }
  if (value instanceof Parse.Object) {
    if (Object.keys(value.attributes).length === 0 && value.id) {
      return value.toPointer();
    }
    const json = attributesJSON(value, [...parents, value]);
    json.__type = 'Object';
    json.className = value.className;
    return json;
  }
  if (Array.isArray(value)) {
    const inner = [...parents, value];
    return value.map(member => fullValue(member, inner));
  }
  if (value instanceof Parse.File) {
    // Unlike the SDK's encoder, this takes a file whose address only the server knows.
    return value.toJSON();
  }
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) {
    return Parse._encode(value);
  }
  const inner = [...parents, value];
  const json = {};
  for (const key of Object.keys(value)) {
    if (key !== '__proto__') {
      json[key] = fullValue(value[key], inner);
    }
  }
  return json;
}
