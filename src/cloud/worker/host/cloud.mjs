// `Parse.Cloud`: what cloud code registers, and the few functions that it calls.

import { checkRules, encodeRules } from './rules.mjs';
import { RpcError } from './connection.mjs';
import { decodeAny, decodeThrown, encodeAny } from './values.mjs';
import { httpRequest } from './http-request.mjs';

const CLASS_TRIGGERS = {
  beforeSave: 'beforeSave',
  afterSave: 'afterSave',
  beforeDelete: 'beforeDelete',
  afterDelete: 'afterDelete',
  beforeFind: 'beforeFind',
  afterFind: 'afterFind',
  beforeSubscribe: 'beforeSubscribe',
  afterLiveQueryEvent: 'afterEvent',
};

const ONLY_USERS =
  'Only the _User class is allowed for the beforeLogin, afterLogin, and beforePasswordResetRequest triggers';

/**
 * Everything that is registered, by handler id. Ids are made of names only, so that every worker of a pool, and a
 * worker that was started again, answers to the same ones.
 */
export class Registry {
  /** Called with the registrations of one turn of the event loop; unset while cloud code loads. */
  onRegister;
  /** Called when cloud code removed everything. */
  onRemoveAll;

  #references;
  #registrations = new Map();
  #handlers = new Map();
  #fresh = new Map();
  #liveQueryHandlers = 0;

  constructor(references) {
    this.#references = references;
  }

  get registrations() {
    return [...this.#registrations.values()];
  }

  handler(id) {
    return this.#handlers.get(id);
  }

  add(registration, handler, validator) {
    const id = idOf(registration, this.#liveQueryHandlers);
    if (this.#registrations.has(id)) {
      console.warn(`Warning: Duplicate cloud ${registration.kind}s exist for ${id}. Only the last one will be used and the others will be ignored.`);
    }
    if (registration.kind === 'liveQueryEvent') {
      this.#liveQueryHandlers += 1;
    }
    const complete = { ...registration, handler: id };
    this.#handlers.set(id, handler);
    if (typeof validator === 'function') {
      complete.validator = { handler: `validator:${id}` };
      this.#handlers.set(complete.validator.handler, validator);
    } else if (validator && typeof validator === 'object' && Object.keys(validator).length > 0) {
      const refer = (path, target) => this.#references.refer(path, target);
      complete.validator = { rules: encodeRules(validator, `rules:${id}`, refer) };
    }
    this.#registrations.set(id, complete);
    this.#announce(id, complete);
  }

  removeAll() {
    this.#registrations.clear();
    this.#fresh.clear();
    this.onRemoveAll?.();
  }

  #announce(id, registration) {
    if (!this.onRegister) {
      return;
    }
    if (this.#fresh.size === 0) {
      process.nextTick(() => {
        const fresh = [...this.#fresh.values()];
        this.#fresh.clear();
        if (fresh.length > 0) {
          this.onRegister?.(fresh);
        }
      });
    }
    this.#fresh.set(id, registration);
  }
}

function idOf({ kind, name, type, className }, count) {
  switch (kind) {
    case 'trigger':
      return `trigger:${type}:${className}`;
    case 'liveQueryEvent':
      return `liveQueryEvent:${count}`;
    default:
      return `${kind}:${name}`;
  }
}

/** Puts the functions of cloud code on `Parse.Cloud`. `link()` is the connection to the server. */
export function installCloud(Parse, registry, link) {
  const { Cloud } = Parse;

  Cloud.define = (name, handler, validator) => {
    nameIsText('function', name);
    checkRules(validator);
    addIfFunction(registry, { kind: 'function', name }, handler, validator);
  };
  Cloud.job = (name, handler) => {
    nameIsText('job', name);
    addIfFunction(registry, { kind: 'job', name }, handler);
  };
  for (const [method, type] of Object.entries(CLASS_TRIGGERS)) {
    Cloud[method] = (parseClass, handler, validator) => {
      const className = classNameOf(parseClass);
      checkRules(validator);
      checkClass(type, className);
      addIfFunction(registry, { kind: 'trigger', type, className }, handler, validator);
    };
  }
  for (const type of ['beforeLogin', 'afterLogin', 'beforePasswordResetRequest', 'afterLogout']) {
    Cloud[type] = (...given) => {
      const first = given[0];
      const namesClass = typeof first === 'string' || Boolean(first && Object.hasOwn(first, 'className'));
      const className = namesClass ? classNameOf(given.shift()) : type === 'afterLogout' ? '_Session' : '_User';
      checkClass(type, className);
      addIfFunction(registry, { kind: 'trigger', type, className }, given[0], given[1]);
    };
  }
  Cloud.beforeConnect = (handler, validator) => {
    checkRules(validator);
    addIfFunction(registry, { kind: 'trigger', type: 'beforeConnect', className: '@Connect' }, handler, validator);
  };
  Cloud.onLiveQueryEvent = handler => addIfFunction(registry, { kind: 'liveQueryEvent' }, handler);
  Cloud._removeAllHooks = () => registry.removeAll();
  Cloud.sendEmail = async message => {
    const encoded = await encodeAny(message);
    try {
      const { value } = await link().request('email.send', { message: encoded });
      return decodeAny(value);
    } catch (error) {
      throw RpcError.is(error) && error.data?.thrown ? decodeThrown(error.data.thrown) : error;
    }
  };
  Cloud.httpRequest = httpRequest;
  Cloud.useMasterKey = () => {
    console.warn('Parse.Cloud.useMasterKey has no effect: pass { useMasterKey: true } to each request that needs it.');
  };
}

function nameIsText(kind, name) {
  if (typeof name !== 'string') {
    throw new TypeError(`The name of a cloud ${kind} must be a string.`);
  }
}

// Parse Server takes a registration without a handler and then answers as if it were not there.
function addIfFunction(registry, registration, handler, validator) {
  if (typeof handler === 'function') {
    registry.add(registration, handler, validator);
  } else {
    const { kind, name, type, className } = registration;
    console.warn(`The cloud ${kind} ${name ?? `${type} ${className ?? ''}`} has no handler function and is left out.`);
  }
}

function classNameOf(parseClass) {
  if (parseClass?.className) {
    return parseClass.className;
  }
  // Parse.File and Parse.Config are classes without a class name.
  return typeof parseClass === 'function' ? parseClass.name.replace('Parse', '@') : String(parseClass);
}

function checkClass(type, className) {
  if (type === 'beforeSave' && className === '_PushStatus') {
    // No other save trigger can see how a push got on before it is stored.
    throw 'Only afterSave is allowed on _PushStatus';
  }
  if (['beforeLogin', 'afterLogin', 'beforePasswordResetRequest'].includes(type) && className !== '_User') {
    throw ONLY_USERS;
  }
  if (type === 'afterLogout' && className !== '_Session') {
    throw 'Only the _Session class is allowed for the afterLogout trigger.';
  }
  if (className === '_Session' && type !== 'afterLogout') {
    throw 'Only the afterLogout trigger is allowed for the _Session class.';
  }
}
