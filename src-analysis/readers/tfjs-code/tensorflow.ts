import type ts from 'typescript';
import { classNameOf } from '../tfjs-layers/catalogue.ts';
import { callFunction } from './calls.ts';
import type { Context } from './context.ts';
import { coreOperation, eagerTensor } from './core-api.ts';
import { makeInput, makeLayer } from './layers.ts';
import { makeFunctional, makeSequential, noteEscape } from './models.ts';
import type { Activation } from './scope.ts';
import type { TfValue, Value } from './values.ts';
import { isObject, unknown } from './values.ts';

/** `tf.<key>`; `tf.default` is `tf` itself. */
export function tensorflowMember(value: TfValue, key: string): TfValue {
  if (value.path === '') return { kind: 'tf', path: key === 'default' ? '' : key };
  return { kind: 'tf', path: `${value.path}.${key}`.slice(0, 200) };
}

/** Calls `tf.<path>(...args)`. */
export function callTensorflow(
  context: Context,
  path: string,
  args: readonly Value[],
  node: ts.Node,
  activation?: Activation,
): Value {
  switch (path) {
    case 'sequential':
      return makeSequential(context, args[0], node, activation);
    case 'model':
      return makeFunctional(context, args[0], node, activation);
    case 'input':
    case 'Input':
    case 'layers.input':
      return makeInput(context, args[0], node);
    case 'tidy':
    case 'profile':
      return tidy(context, args, node);
    case 'keep':
      return args[0];
    case 'loadLayersModel':
    case 'loadGraphModel':
      return unknown(`\`tf.${path}\` reads the model when the program runs`);
  }
  const [namespace, member = ''] = path.split('.');
  if (namespace === 'layers') return callLayerFactory(context, member, args, node);
  if (namespace === 'initializers' || namespace === 'regularizers' || namespace === 'constraints') {
    return serializable(context, member, args[0]);
  }
  const known = eagerTensor(path, args) ?? coreOperation(context, path, args, node);
  if (known !== undefined) return known;
  noteEscape(context, args, node);
  return unknown(`the result of \`tf.${path}()\` is not known here`);
}

function callLayerFactory(context: Context, factory: string, args: readonly Value[], node: ts.Node): Value {
  if (classNameOf(factory) !== undefined) return makeLayer(context, factory, args[0], node);
  if (factory === '') return unknown('the code is unfinished here', node);
  return unknown(`TensorFlow.js has no layer \`tf.layers.${factory}\` that Leaklint knows`, node);
}

/** `tf.tidy(f)` and `tf.tidy(name, f)` return what `f` returns. */
function tidy(context: Context, args: readonly Value[], node: ts.Node): Value {
  const body = args.find(argument => typeof argument === 'object' && argument?.kind === 'function');
  if (typeof body !== 'object' || body?.kind !== 'function')
    return unknown('the function given to `tf.tidy` is not known here');
  return callFunction(context, body, undefined, [], node);
}

/** An initializer, a regularizer or a constraint, as layer configurations hold them. */
function serializable(context: Context, factory: string, argument: Value): Value {
  const className = factory.charAt(0).toUpperCase() + factory.slice(1);
  const config: Value = isObject(argument) ? argument : { kind: 'object', born: ++context.clock, entries: new Map() };
  const entries = new Map<string, Value>([
    ['className', className],
    ['config', config],
  ]);
  return { kind: 'object', born: ++context.clock, entries };
}
