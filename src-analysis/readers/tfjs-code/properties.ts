import ts from 'typescript';
import { forEither, touch } from './branches.ts';
import { limits } from './budget.ts';
import { arrayMethod, arrayMethods, arrayOfLength } from './builtin-arrays.ts';
import { stringMethod, stringMethods } from './builtin-strings.ts';
import { callFunction, callValue } from './calls.ts';
import { findGetter, findMember, findSetter } from './classes.ts';
import type { Context } from './context.ts';
import { quote, whyOf } from './context.ts';
import { coreOperation, eagerMethod, eagerProperty } from './core-api.ts';
import { evaluate } from './expressions.ts';
import { layerMethod, layerProperty, setLayerProperty, tensorShape } from './layer-members.ts';
import { modelMethod, modelProperty, setModelProperty } from './model-members.ts';
import type { Activation, Scope } from './scope.ts';
import { callTensorflow, tensorflowMember } from './tensorflow.ts';
import type {
  ArrayValue,
  BuiltinValue,
  Call,
  FunctionValue,
  ObjectValue,
  TensorValue,
  UnknownValue,
  Value,
} from './values.ts';
import { isArray, isCallable, isExact, isLayer, isModel, isObject, isUnknown, partOf, unknown } from './values.ts';

/** The key that a property name or an index stands for; anything but a string is not known. */
export function propertyKey(context: Context, scope: Scope, name: ts.PropertyName): string | undefined {
  if (ts.isComputedPropertyName(name)) return keyOf(evaluate(context, scope, name.expression));
  if (ts.isNumericLiteral(name)) return String(Number(name.text.replaceAll('_', '')));
  return name.text;
}

export function keyOf(value: Value): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' || value == null ? String(value) : undefined;
}

/**
 * What a member access goes to: of alternatives, the only one that has members at all, since with another one the
 * program would stop here.
 */
export function receiver(value: Value): Value {
  if (!isUnknown(value)) return value;
  const usable = usableAlternatives(value);
  return usable.length === 1 ? usable[0] : value;
}

/** Alternatives of an unknown value that have members at all. */
export function usableAlternatives(value: UnknownValue): readonly Value[] {
  return value.alternatives?.filter(alternative => alternative != null && alternative !== false) ?? [];
}

/** Reads `object[key]`. Never fails: what is not there is undefined, what is not known is unknown. */
export function getProperty(context: Context, of: Value, key: string, node: ts.Node): Value {
  const object = receiver(of);
  if (typeof object === 'string') return stringProperty(object, key);
  if (typeof object !== 'object' || object === null) {
    return unknown(`${quote(node)} is not known here`);
  }
  switch (object.kind) {
    case 'unknown':
      return partOf(object);
    case 'array':
      return arrayProperty(object, key);
    case 'object':
      return objectProperty(context, object, key, node);
    case 'tf':
      return tensorflowMember(object, key);
    case 'layer':
      return layerProperty(context, object, key) ?? bound(object, key);
    case 'model':
      return modelProperty(context, object, key);
    case 'tensor':
      return tensorProperty(context, object, key);
    case 'eager':
      return eagerProperty(context, object, key);
    case 'class':
      return findMember(object, key, true) ?? (key === 'name' ? object.name : undefined);
    case 'builtin':
      return object.members?.get(key) ?? unknown(`\`${object.name}.${key}\` is not known here`);
    case 'function':
      return key === 'name' ? object.name : unknown(`the member \`${key}\` of a function is not known here`);
  }
}

function tensorProperty(context: Context, tensor: TensorValue, key: string): Value {
  if (key === 'shape') return tensorShape(context, tensor);
  return unknown(`the member \`${key}\` of a symbolic tensor is not known here`);
}

function objectProperty(context: Context, object: ObjectValue, key: string, node: ts.Node): Value {
  const own = object.entries.get(key);
  if (own !== undefined || object.entries.has(key)) return own;
  const getter = object.getters?.get(key) ?? (object.madeBy && findGetter(object.madeBy, key));
  if (getter) return callFunction(context, getter, object, [], node);
  const method = object.madeBy && findMember(object.madeBy, key, false);
  if (method) return method;
  return object.open ? partOf(object.open) : undefined;
}

function arrayProperty(array: ArrayValue, key: string): Value {
  if (key === 'length') {
    return isExact(array) ? array.elements.length : unknown('the length of the list is not known here');
  }
  const index = Number(key);
  if (Number.isInteger(index)) {
    const spread = array.elements.findIndex(e => isUnknown(e) && e.spread);
    return spread >= 0 && index >= spread
      ? unknown('its position in the list is not known here')
      : array.elements[index];
  }
  return arrayMethods.has(key) ? bound(array, key) : undefined;
}

function stringProperty(text: string, key: string): Value {
  if (key === 'length') return text.length;
  const index = Number(key);
  if (Number.isInteger(index)) return text[index];
  return stringMethods.has(key) ? bound(text, key) : undefined;
}

/** A built-in method read without calling it: it keeps its object. */
function bound(object: Value, name: string): BuiltinValue {
  return { kind: 'builtin', name, run: (context, call) => callMethod(context, object, name, call.args, call.node) };
}

/** Calls `object.name(...args)`. */
export function callMethod(
  context: Context,
  of: Value,
  name: string,
  args: readonly Value[],
  node: ts.Node,
  activation?: Activation,
): Value {
  const object = receiver(of);
  const call: Call = { thisValue: object, args, node };
  if (promiseMethods.has(name) && !hasOwnMember(context, object, name, node))
    return settled(context, object, name, call);
  if (typeof object === 'string') return stringMethod(context, object, name, call);
  if (typeof object === 'number') return numberMethod(object, name, args);
  if (typeof object === 'object' && object !== null) {
    switch (object.kind) {
      case 'tf': {
        const path = object.path === '' ? name : `${object.path}.${name}`;
        return callTensorflow(context, path, args, node, activation);
      }
      case 'tensor': {
        const result = coreOperation(context, name, [object, ...args], node);
        if (result !== undefined) return result;
        break;
      }
      case 'eager':
        return eagerMethod(object, name, call);
      case 'unknown':
        return coreOperation(context, name, [object, ...args], node) ?? unknownMethod(context, object, name, call);
      case 'array':
        if (arrayMethods.has(name)) return arrayMethod(context, object, name, call);
        break;
      case 'layer':
        return customMethod(context, object.custom, name, call) ?? layerMethod(context, object, name, call);
      case 'model':
        return modelMethod(context, object, name, call);
      case 'function':
        return functionMethod(context, object, name, call);
      case 'object':
        if (name === 'hasOwnProperty' && !object.entries.has(name)) return hasOwn(object, args[0]);
        break;
      default:
    }
  }
  return callValue(context, getProperty(context, object, name, node), object, args, node, activation);
}

const promiseMethods: ReadonlySet<string> = new Set(['then', 'catch', 'finally']);

function hasOwnMember(context: Context, object: Value, name: string, node: ts.Node): boolean {
  return isObject(object) && !object.open && getProperty(context, object, name, node) !== undefined;
}

/** Promises are transparent: `x.then(f)` is `f(x)`; a rejection is not followed here. */
function settled(context: Context, value: Value, name: string, call: Call): Value {
  const [callback] = call.args;
  const given = isUnknown(value) ? partOf(value) : value;
  if (name === 'catch' || !isCallable(callback)) return given;
  const result = callValue(context, callback, undefined, name === 'then' ? [given] : [], call.node);
  return name === 'then' ? result : given;
}

/** A method of something unknown: that of a list of unknown length, where its use says so. */
function unknownMethod(context: Context, object: UnknownValue, name: string, call: Call): Value {
  if (arrayMethods.has(name) && isCallable(call.args[0])) {
    return arrayMethod(context, arrayOfLength(context, object), name, call);
  }
  const usable = usableAlternatives(object);
  if (usable.some(alternative => isLayer(alternative) || isModel(alternative) || isObject(alternative))) {
    return forEither(context, usable, whyOf(object, call.node), one =>
      callMethod(context, one, name, call.args, call.node),
    );
  }
  return callValue(context, object, undefined, call.args, call.node);
}

function customMethod(context: Context, instance: ObjectValue | undefined, name: string, call: Call): Value {
  const method = instance?.madeBy && name !== 'apply' ? findMember(instance.madeBy, name, false) : undefined;
  if (!method || !instance) return undefined;
  return callValue(context, method, instance, call.args, call.node);
}

function functionMethod(context: Context, callee: FunctionValue, name: string, call: Call): Value {
  const [thisValue, ...rest] = call.args;
  if (name === 'call') return callFunction(context, callee, thisValue, rest, call.node);
  if (name === 'apply') return callFunction(context, callee, thisValue, elementsOf(rest[0]) ?? [], call.node);
  if (name === 'bind') {
    return {
      kind: 'builtin',
      name: callee.name,
      run: (inner, { args, node }) => callFunction(inner, callee, thisValue, [...rest, ...args], node),
    };
  }
  return callValue(context, getProperty(context, callee, name, call.node), callee, call.args, call.node);
}

function hasOwn(object: ObjectValue, key: Value): Value {
  const name = keyOf(key);
  if (name === undefined) return unknown('its key is not known here');
  return object.entries.has(name) || (object.open ? partOf(object.open) : false);
}

function numberMethod(value: number, name: string, args: readonly Value[]): Value {
  const [digits] = args;
  if (name === 'toFixed' && (digits === undefined || typeof digits === 'number')) {
    return value.toFixed(Math.min(100, Math.max(0, digits ?? 0)));
  }
  if (name === 'toString' && digits === undefined) return String(value);
  return unknown(`what \`${name}()\` of a number returns is not known here`);
}

/** Elements of a list or a string as a spread sees them; undefined where it is not known how many there are. */
export function elementsOf(value: Value): readonly Value[] | undefined {
  if (isArray(value)) return isExact(value) ? value.elements : undefined;
  return typeof value === 'string' && value.length <= limits.arrayLength ? [...value] : undefined;
}

/** Assigns `object[key] = value`. */
export function setProperty(context: Context, of: Value, key: Value, value: Value): void {
  const object = receiver(of);
  if (typeof object !== 'object' || object === null) return;
  const name = keyOf(key);
  switch (object.kind) {
    case 'object':
      setObjectProperty(context, object, name, value);
      break;
    case 'array':
      setElement(context, object, name, value);
      break;
    case 'layer':
      if (name !== undefined) setLayerProperty(context, object, name, value);
      break;
    case 'model':
      if (name !== undefined) setModelProperty(context, object, name, value);
      break;
    case 'class':
      setObjectProperty(context, object.statics, name, value);
      break;
    default:
  }
}

function setObjectProperty(context: Context, object: ObjectValue, name: string | undefined, value: Value): void {
  const setter = name !== undefined && object.madeBy && findSetter(object.madeBy, name);
  if (setter) {
    callFunction(context, setter, object, [value], setter.node);
    return;
  }
  touch(context, object);
  if (name !== undefined) {
    object.entries.set(name, value);
    return;
  }
  const reason = 'it may have been assigned under a key that is not known here';
  for (const key of object.entries.keys()) object.entries.set(key, unknown(reason));
  object.open = unknown(reason);
}

function setElement(context: Context, array: ArrayValue, name: string | undefined, value: Value): void {
  touch(context, array);
  const index = Number(name);
  if (name === 'length' && typeof value === 'number' && value >= 0 && value <= array.elements.length) {
    array.elements.length = Math.floor(value);
  } else if (
    name !== undefined &&
    Number.isInteger(index) &&
    index >= 0 &&
    index < limits.arrayLength &&
    isExact(array)
  ) {
    context.budget.spend(Math.max(0, index - array.elements.length));
    while (array.elements.length < index) array.elements.push(undefined);
    array.elements[index] = value;
  } else {
    const reason = 'it may have been assigned at a position that is not known here';
    array.elements = [...array.elements.map(() => unknown(reason)), { kind: 'unknown', reason, spread: true }];
  }
}
