import type { Shape } from '../../model/graph.ts';
import type { LayerDescription } from '../tfjs-layers/build.ts';
import { callFunction, Thrown } from './calls.ts';
import { findMember, rootOf } from './classes.ts';
import type { Context } from './context.ts';
import { sentence } from './context.ts';
import { opaque } from './layers.ts';
import type { ArrayValue, FunctionValue, LayerValue, ObjectValue, Value } from './values.ts';
import { dimOf, isArray, isExact, unknown } from './values.ts';

/**
 * A custom layer is not understood; its output shapes are, where its `computeOutputShape` can be followed. That of
 * `tf.layers.Layer` itself says that the shape stays (tfjs-layers topology.ts).
 */
export function describeCustomLayer(
  context: Context,
  layer: LayerValue,
  instance: ObjectValue,
  inputShapes: readonly Shape[],
): LayerDescription {
  const reason = `\`${layer.type}\` is a layer class of this project's own, whose computation is not analysed`;
  const name = 'computeOutputShape';
  const compute = instance.entries.get(name) ?? (instance.madeBy && findMember(instance.madeBy, name, false));
  const known = typeof compute === 'object' && compute?.kind === 'function';
  const isInherited = compute === undefined && extendsLayerItself(instance);
  const shapes = known ? computedShapes(context, compute, instance, inputShapes) : isInherited ? inputShapes : [null];
  return opaque({ kind: 'unknown', reason: sentence(reason) }, shapes);
}

function extendsLayerItself({ madeBy, open }: ObjectValue): boolean {
  const root = madeBy && !open ? rootOf(madeBy) : undefined;
  return typeof root === 'object' && root?.kind === 'tf' && /(^|\.)Layer$/.test(root.path);
}

function computedShapes(
  context: Context,
  compute: FunctionValue,
  instance: ObjectValue,
  inputShapes: readonly Shape[],
): readonly Shape[] {
  const shapes = inputShapes.map(input => shapeValue(context, input));
  const [only] = shapes;
  const list: Value = { kind: 'array', born: ++context.clock, elements: shapes };
  try {
    const result = callFunction(context, compute, instance, [shapes.length === 1 ? only : list], compute.node);
    if (!isArray(result) || !isExact(result)) return [null];
    const { elements } = result;
    return elements.length > 0 && elements.every(isArray) ? elements.map(shapeIn) : [shapeIn(result)];
  } catch (error) {
    if (error instanceof Thrown) return [null];
    throw error;
  }
}

/** A shape with its batch axis, as `computeOutputShape` returns it. */
function shapeIn(value: ArrayValue): Shape {
  return isExact(value) && !value.elements.some(isArray) ? value.elements.slice(1).map(dimOf) : null;
}

function shapeValue(context: Context, shape: Shape): Value {
  if (!shape) return unknown('the input shape of the layer is not known here');
  const dims = shape.map(dim => dim ?? unknown('a dimension of the input is not known here'));
  return { kind: 'array', born: ++context.clock, elements: [null, ...dims] };
}
