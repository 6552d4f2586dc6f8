import ts from 'typescript';
import { factoryOf } from '../tfjs-layers/catalogue.ts';
import { touch } from './branches.ts';
import { callFunction, callValue, makeFunction, nested } from './calls.ts';
import { type Context, inModule } from './context.ts';
import { evaluate } from './expressions.ts';
import { makeCustomLayer, makeLayer } from './layers.ts';
import { makeFunctional, makeSequential } from './models.ts';
import { className } from './names.ts';
import { propertyKey, setProperty } from './properties.ts';
import type { Activation, Scope } from './scope.ts';
import { childScope } from './scope.ts';
import { runStatements } from './statements.ts';
import type { ClassValue, FunctionValue, ObjectValue, Value } from './values.ts';
import { isObject, isUnknown, unknown } from './values.ts';

/** Makes the value of a class declaration or expression, and runs its static initializers. */
export function makeClass(context: Context, scope: Scope, node: ts.ClassLikeDeclaration): ClassValue {
  const extended = node.heritageClauses?.find(clause => clause.token === ts.SyntaxKind.ExtendsKeyword)?.types[0];
  const inner = childScope(scope);
  const made: ClassValue = {
    kind: 'class',
    node,
    scope: inner,
    module: context.module,
    name: className(node),
    base: extended && evaluate(context, scope, extended.expression),
    methods: new Map(),
    getters: new Map(),
    setters: new Map(),
    statics: { kind: 'object', born: ++context.clock, entries: new Map() },
  };
  if (node.name) inner.variables.set(node.name.text, { kind: 'binding', born: ++context.clock, value: made });
  context.classes.push(made);
  for (const member of node.members) addMember(context, made, member);
  for (const member of node.members) initializeStatic(context, made, member);
  return made;
}

function addMember(context: Context, owner: ClassValue, member: ts.ClassElement): void {
  if (!ts.isMethodDeclaration(member) && !ts.isAccessor(member)) return;
  const key = propertyKey(context, owner.scope, member.name);
  if (key === undefined || !member.body) return;
  const closure = makeFunction(context, owner.scope, member, key, owner);
  if (isStatic(member)) {
    closure.thisHint = owner;
    if (!ts.isSetAccessor(member)) addStatic(owner, key, closure, ts.isGetAccessor(member));
  } else if (ts.isGetAccessor(member)) owner.getters.set(key, closure);
  else if (ts.isSetAccessor(member)) owner.setters.set(key, closure);
  else owner.methods.set(key, closure);
}

function addStatic(owner: ClassValue, key: string, closure: FunctionValue, getter: boolean): void {
  if (!getter) owner.statics.entries.set(key, closure);
  else {
    owner.statics.getters ??= new Map();
    owner.statics.getters.set(key, closure);
  }
}

function initializeStatic(context: Context, owner: ClassValue, member: ts.ClassElement): void {
  if (ts.isClassStaticBlockDeclaration(member)) {
    runStatements(context, memberScope(owner, owner), member.body.statements);
  } else if (ts.isPropertyDeclaration(member) && isStatic(member)) {
    const key = propertyKey(context, owner.scope, member.name);
    const value = member.initializer && evaluate(context, memberScope(owner, owner), member.initializer);
    if (key !== undefined) owner.statics.entries.set(key, value);
  }
}

function isStatic(member: ts.ClassElement): boolean {
  return (
    ts.canHaveModifiers(member) && (ts.getModifiers(member) ?? []).some(m => m.kind === ts.SyntaxKind.StaticKeyword)
  );
}

/** The scope of a field's initializer: `this` is the instance. */
function memberScope(owner: ClassValue, thisValue: Value): Scope {
  const activation: Activation = { callee: undefined, args: [], thisValue, owner: undefined, home: owner };
  return childScope(owner.scope, activation);
}

/** A method (or, for `statics`, a static member) of a class or of the classes it extends. */
export function findMember(owner: ClassValue, key: string, statics: boolean): Value {
  for (let c: Value = owner, depth = 0; isClass(c) && depth < 50; c = c.base, depth++) {
    const found = statics ? c.statics.entries.get(key) : c.methods.get(key);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function findGetter(owner: ClassValue, key: string): FunctionValue | undefined {
  for (let c: Value = owner, depth = 0; isClass(c) && depth < 50; c = c.base, depth++) {
    const found = c.getters.get(key);
    if (found) return found;
  }
  return undefined;
}

export function findSetter(owner: ClassValue, key: string): FunctionValue | undefined {
  for (let c: Value = owner, depth = 0; isClass(c) && depth < 50; c = c.base, depth++) {
    const found = c.setters.get(key);
    if (found) return found;
  }
  return undefined;
}

function isClass(value: Value): value is ClassValue {
  return typeof value === 'object' && value !== null && value.kind === 'class';
}

/** The TensorFlow.js or unknown class at the end of the chain of base classes; undefined if there is none. */
export function rootOf(owner: ClassValue): Value {
  let base = owner.base;
  for (let depth = 0; isClass(base) && depth < 50; depth++) base = base.base;
  return base;
}

/** Evaluates `new callee(...args)`. */
export function construct(
  context: Context,
  callee: Value,
  args: readonly Value[],
  node: ts.Node,
  activation?: Activation,
): Value {
  if (isClass(callee)) return instantiate(context, callee, args, node);
  if (typeof callee === 'object' && callee?.kind === 'builtin')
    return callee.run(context, { thisValue: undefined, args, node });
  if (typeof callee === 'object' && callee?.kind === 'tf') {
    const name = callee.path.split('.').at(-1) ?? '';
    if (name === 'Sequential') return makeSequential(context, args[0], node, activation);
    if (name === 'LayersModel' || name === 'Model') return makeFunctional(context, args[0], node, activation);
    const factory = factoryOf(name);
    if (factory) return makeLayer(context, factory, args[0], node);
  }
  if (typeof callee === 'object' && callee?.kind === 'function') return constructFunction(context, callee, args, node);
  return callValue(context, isUnknown(callee) ? callee : unknown('it is not a class'), undefined, args, node);
}

/** `new f()` of an ordinary function: what it assigns to `this`. */
function constructFunction(context: Context, callee: FunctionValue, args: readonly Value[], node: ts.Node): Value {
  const instance: ObjectValue = { kind: 'object', born: ++context.clock, entries: new Map() };
  const result = callFunction(context, callee, instance, args, node);
  return isObject(result) ? result : instance;
}

export function instantiate(context: Context, owner: ClassValue, args: readonly Value[], node: ts.Node): Value {
  context.called.add(owner.node);
  return nested(context, node, () => enterClass(context, owner, args, node));
}

function enterClass(context: Context, owner: ClassValue, args: readonly Value[], node: ts.Node): Value {
  const root = rootOf(owner);
  const instance: ObjectValue = {
    kind: 'object',
    born: ++context.clock,
    entries: new Map(),
    madeBy: owner,
    ...(isUnknown(root) && { open: root }),
  };
  context.instances.set(owner, instance);
  initialize(context, owner, instance, args, node);
  if (typeof root === 'object' && root?.kind === 'tf' && extendsLayer(root.path)) {
    return makeCustomLayer(context, owner.name, args[0], node, instance);
  }
  return instance;
}

function extendsLayer(path: string): boolean {
  const name = path.split('.').at(-1) ?? '';
  return path.startsWith('layers.') || name === 'Layer' || factoryOf(name) !== undefined;
}

/** Runs fields and constructor of a class on an instance; a constructor calls those of the base class by `super`. */
function initialize(
  context: Context,
  owner: ClassValue,
  instance: ObjectValue,
  args: readonly Value[],
  node: ts.Node,
): void {
  const own = owner.node.members.find(m => ts.isConstructorDeclaration(m) && m.body !== undefined);
  if (!own || !ts.isConstructorDeclaration(own)) {
    if (isClass(owner.base)) initialize(context, owner.base, instance, args, node);
    initializeFields(context, owner, instance);
    return;
  }
  if (!isClass(owner.base)) initializeFields(context, owner, instance);
  const closure: FunctionValue = {
    kind: 'function',
    node: own,
    scope: owner.scope,
    module: owner.module,
    name: owner.name,
    home: owner,
  };
  assignParameterProperties(context, own, instance, args);
  callFunction(context, closure, instance, args, node);
}

function initializeFields(context: Context, owner: ClassValue, instance: ObjectValue): void {
  inModule(context, owner.module, undefined, () => runInitializers(context, owner, instance));
}

function runInitializers(context: Context, owner: ClassValue, instance: ObjectValue): void {
  for (const member of owner.node.members) {
    if (!ts.isPropertyDeclaration(member) || isStatic(member)) continue;
    const key = propertyKey(context, owner.scope, member.name);
    if (key === undefined || (!member.initializer && instance.entries.has(key))) continue;
    const value = member.initializer && evaluate(context, memberScope(owner, instance), member.initializer);
    touch(context, instance);
    instance.entries.set(key, value);
  }
}

/** TypeScript's `constructor(private units: number)`. */
function assignParameterProperties(
  context: Context,
  node: ts.ConstructorDeclaration,
  instance: ObjectValue,
  args: readonly Value[],
): void {
  node.parameters.forEach((parameter, index) => {
    if (!ts.isParameterPropertyDeclaration(parameter, node) || !ts.isIdentifier(parameter.name)) return;
    const missing = args[index] === undefined && parameter.initializer;
    if (missing) return;
    setProperty(context, instance, parameter.name.text, args[index]);
  });
}

/** `super(...args)` in a constructor. */
export function superCall(context: Context, activation: Activation, args: readonly Value[], node: ts.Node): Value {
  const { home, thisValue } = activation;
  if (!home || !isObject(thisValue)) return undefined;
  if (isClass(home.base)) {
    initialize(context, home.base, thisValue, args, node);
    initializeFields(context, home, thisValue);
  }
  return undefined;
}
