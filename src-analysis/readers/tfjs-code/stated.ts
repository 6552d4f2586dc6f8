import type ts from 'typescript';
import type { Dim, Shape } from '../../model/graph.ts';
import type { ReadError } from '../reader.ts';
import type { LayerDescription } from '../tfjs-layers/build.ts';
import type { Context } from './context.ts';
import { isInside, type StatedShape, statedValue } from './directives.ts';
import type { ApplyNode, LayerValue, TensorValue, Value } from './values.ts';
import { isUnknown, shapeOf } from './values.ts';

/** What a user says of something that is not known here (directives.ts), or the value itself. */
export function orStated(context: Context, value: Value, text: string, node: ts.Node): Value {
  if (!isUnknown(value) || context.directives.values.size === 0) return value;
  const stated = context.directives.values.get(text)?.find(({ covers }) => isOwn(context, node, covers));
  return stated ? statedValue(stated.value, () => ++context.clock) : value;
}

function isOwn(context: Context, node: ts.Node, covers: StatedShape['covers']): boolean {
  return node.getSourceFile() === context.source && isInside(node, context.source, covers);
}

/** Which layer each stated shape is taken by, and what is wrong with it. */
export interface Claims {
  readonly takenBy: Map<StatedShape, ts.Node>;
  readonly errors: Map<StatedShape, ReadError>;
}

/** The shape that a user states for the input of a layer, if it is this layer that it is meant for. */
function claim(context: Context, layer: LayerValue, shape: Shape): StatedShape | undefined {
  const { site } = layer;
  if (!site || context.directives.shapes.length === 0) return undefined;
  return context.directives.shapes.find(stated => {
    if (!isOwn(context, site, stated.covers)) return false;
    const taken = context.claims.takenBy.get(stated);
    if (taken === undefined && !isOpen(shape)) return false;
    if (taken === undefined) context.claims.takenBy.set(stated, site);
    return taken === undefined || taken === site;
  });
}

function isOpen(shape: Shape): boolean {
  return shape?.every(dim => dim !== null) !== true;
}

/** Gives the first input of a layer the shape that a user states for it. */
export function stateInput(context: Context, layer: LayerValue, inputs: readonly TensorValue[]): void {
  const [first] = inputs;
  const stated = first && claim(context, layer, shapeOf(first));
  if (first && stated) restate(context, first.node, first.output, stated);
}

/** The description of an input with the shape that a user states for it. */
export function stateOutput(context: Context, layer: LayerValue, description: LayerDescription): LayerDescription {
  const [shape = null] = description.outputShapes;
  const stated = claim(context, layer, shape);
  return stated ? { ...description, outputShapes: [merged(context, shape, stated)] } : description;
}

function restate(context: Context, node: ApplyNode, output: number, stated: StatedShape): void {
  const { outputShapes } = node.description;
  const shapes = outputShapes.map((shape, i) => (i === output ? merged(context, shape, stated) : shape));
  node.description = { ...node.description, outputShapes: shapes };
}

/** What is known of a shape stays; what a user says otherwise is an error. */
function merged(context: Context, shape: Shape, stated: StatedShape): Shape {
  if (shape === null) return stated.shape;
  const fits =
    shape.length === stated.shape.length &&
    shape.every((dim, i) => dim === null || isEqual(dim, stated.shape[i] ?? null));
  if (fits) return shape.map((dim, i) => dim ?? stated.shape[i] ?? null);
  const known = `[${shape.map(dim => dim ?? '?').join(', ')}]`;
  const message = `The shape stated here is [${stated.shape.map(dim => dim ?? '?').join(', ')}], but the code makes it ${known}.`;
  context.claims.errors.set(stated, { message, range: stated.range });
  return shape;
}

function isEqual(a: number, b: Dim): boolean {
  return b === null || a === b;
}

/** Wrong statements, and statements that no layer took. */
export function errorsOfClaims({ directives, claims }: Context): ReadError[] {
  return directives.shapes.flatMap(stated => {
    if (claims.takenBy.has(stated)) return claims.errors.get(stated) ?? [];
    const message = 'leaklint-shape is about no layer below whose input shape is not known: remove it.';
    return { message, range: stated.range };
  });
}
