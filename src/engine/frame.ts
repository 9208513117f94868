/** @file A Python function's locals: setting one takes a reference and drops the old, returning drops them all. */
import { loosen, release, retain } from "./references.ts";

/** The locals of one call. Their types are the frame's properties; an unset one reads as undefined. */
export type Frame<L extends object> = L;

const handler: ProxyHandler<Record<string, unknown>> = {
  set(target, key, value) {
    if (typeof key !== "string") return false;
    const old = target[key];
    retain(value);
    target[key] = value;
    release(old);
    return true;
  },
  deleteProperty(target, key) {
    if (typeof key !== "string") return false;
    const old = target[key];
    delete target[key];
    release(old);
    return true;
  },
};

/** Runs `body` with fresh locals; what it returns outlives them, held by the caller's expression. */
export function call<R>(body: (locals: Record<string, unknown>) => R): R {
  const locals: Record<string, unknown> = {};
  const result = body(new Proxy(locals, handler));
  retain(result);
  for (const key in locals) release(locals[key]);
  loosen(result);
  return result;
}

/**
 * A plain Python function. `parameters` are bound as its first locals, so that rebinding one frees a value that
 * only the call held (CPython 3.11 moves arguments into the callee's frame).
 */
export function scope<L extends object, R>(parameters: Partial<L>, body: (f: Frame<L>) => R): R {
  return call((locals) => {
    Object.assign(locals, parameters);
    return body(typed<L>(locals));
  });
}

function isFrame<L extends object>(locals: object): locals is Frame<L> {
  return typeof locals === "object";
}

/** The locals under their declared types: unset ones read as undefined, as an unbound name would fail in Python. */
function typed<L extends object>(locals: object): Frame<L> {
  if (!isFrame<L>(locals)) throw new TypeError("locals must be an object");
  return locals;
}
