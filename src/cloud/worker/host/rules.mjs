// Declarative validators: checks when cloud code registers them, with the texts of Parse Server, and their JSON form.

const RULES = {
  requireUser: ['boolean'],
  requireMaster: ['boolean'],
  validateMasterKey: ['boolean'],
  skipWithMasterKey: ['boolean'],
  requireAnyUserRoles: ['array', 'function'],
  requireAllUserRoles: ['array', 'function'],
  requireUserKeys: ['array', 'object'],
  fields: ['array', 'object'],
  rateLimit: ['object'],
};

const FIELD_RULES = {
  type: ['any'],
  default: ['any'],
  options: ['array', 'function', 'any'],
  constant: ['boolean'],
  required: ['boolean'],
  error: ['string'],
};

const RATE_LIMIT_OPTIONS = new Set([
  'requestPath', 'requestTimeWindow', 'requestCount', 'errorResponseMessage', 'requestMethods', 'includeMasterKey',
  'includeInternalRequests', 'redisUrl', 'zone',
]);

/** Throws a text if `rules` is not a validator. A function is one, nothing is one. */
export function checkRules(rules) {
  if (!rules || typeof rules === 'function') {
    return;
  }
  checkMembers(rules, RULES);
  for (const name of ['fields', 'requireUserKeys']) {
    const fields = rules[name];
    if (fields && !Array.isArray(fields)) {
      for (const field of Object.keys(fields)) {
        checkMembers(fields[field] ?? {}, FIELD_RULES);
      }
    }
  }
  for (const option of Object.keys(rules.rateLimit ?? {})) {
    if (!RATE_LIMIT_OPTIONS.has(option)) {
      throw `Invalid rate limit option "${option}"`;
    }
  }
}

function checkMembers(rules, allowed) {
  for (const name of Object.keys(rules)) {
    if (!Object.hasOwn(allowed, name)) {
      throw `${name} is not a supported parameter for Cloud Function validations.`;
    }
    const types = allowed[name];
    const actual = Array.isArray(rules[name]) ? 'array' : typeof rules[name];
    const isAbsent = rules[name] === null || rules[name] === undefined;
    if (!isAbsent && !types.includes('any') && !types.includes(actual)) {
      throw `Invalid type for Cloud Function validation key ${name}. Expected ${types.join('|')}, actual ${actual}`;
    }
  }
}

const TYPES = new Map([[String, 'String'], [Number, 'Number'], [Boolean, 'Boolean'], [Array, 'Array'], [Object, 'Object'], [Date, 'Date']]);

/**
 * The rules as JSON. Functions in them become references, which `refer(path, function)` makes; paths begin with
 * `root`, so that every process that loads the same code gives them the same names.
 */
export function encodeRules(rules, root, refer) {
  const encode = (value, path) => {
    if (value instanceof RegExp) {
      return { $regexp: [value.source, value.flags] };
    }
    if (typeof value === 'function') {
      return TYPES.has(value) ? { $type: TYPES.get(value) } : refer(path, value);
    }
    if (Array.isArray(value)) {
      return value.map((member, index) => encode(member, `${path}.${index}`));
    }
    if (value === null || typeof value !== 'object' || typeof value.toJSON === 'function') {
      return restOf(value);
    }
    const encoded = {};
    for (const key of Object.keys(value)) {
      encoded[key] = encode(value[key], `${path}.${key}`);
    }
    return encoded;
  };
  return encode(rules, root);
}

// Defaults may be dates, pointers or other values of the SDK.
const restOf = value => (value !== null && typeof value === 'object' ? globalThis.Parse._encode(value) : value);
