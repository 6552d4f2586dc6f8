import type { Shape } from '../../model/graph.ts';
import type { LayerDescription } from '../tfjs-layers/build.ts';
import { callFunction, Thrown } from './calls.ts';
import { findMember } from './classes.ts';
import type { Context } from './context.ts';
import { sentence } from './context.ts';
import { opaque } from './layers.ts';
import type { FunctionValue, LayerValue, ObjectValue, Value } from './values.ts';
import { dimOf, isArray, isExact, unknown } from './values.ts';

/** A custom layer is not understood; its output shape is, where its `computeOutputShape` can be followed. */
export function describeCustomLayer(
  context: Context,
  layer: LayerValue,
  instance: ObjectValue,
  inputShapes: readonly Shape[],
): LayerDescription {
  const reason = `\`${layer.type}\` is a layer class of this project's own, whose computation is not analysed`;
  const compute = instance.madeBy && findMember(instance.madeBy, 'computeOutputShape', false);
  const known = typeof compute === 'object' && compute?.kind === 'function';
  const shape = known ? computedShape(context, compute, instance, inputShapes) : null;
  return opaque({ kind: 'unknown', reason: sentence(reason) }, [shape]);
}

function computedShape(
  context: Context,
  compute: FunctionValue,
  instance: ObjectValue,
  inputShapes: readonly Shape[],
): Shape {
  const shapes = inputShapes.map(input => shapeValue(context, input));
  const [only] = shapes;
  const list: Value = { kind: 'array', born: ++context.clock, elements: shapes };
  try {
    const result = callFunction(context, compute, instance, [shapes.length === 1 ? only : list], compute.node);
    const flat = isArray(result) && isExact(result) && !result.elements.some(isArray);
    return flat ? result.elements.slice(1).map(dimOf) : null;
  } catch (error) {
    if (error instanceof Thrown) return null;
    throw error;
  }
}

function shapeValue(context: Context, shape: Shape): Value {
  if (!shape) return unknown('the input shape of the layer is not known here');
  const dims = shape.map(dim => dim ?? unknown('a dimension of the input is not known here'));
  return { kind: 'array', born: ++context.clock, elements: [null, ...dims] };
}
