import { inputElements, type NodeContext } from './context.ts';
import { allNumbers, type Dim, plainDim, product } from './dimension.ts';
import type { Elements, Value } from './value.ts';

export type Element = Dim;

/** Computes an operator's output elements, given the output's shape. Null: cannot be told. */
export type Fold = (context: NodeContext, shape: readonly number[], output: number) => Elements | null;

export function completeShape(value: Value | null | undefined): readonly number[] | null {
  return allNumbers(value?.shape);
}

/** Row-major position of every entry of `shape`, as coordinates, given to `at`. */
export function tabulate(shape: readonly number[], at: (coordinates: readonly number[]) => Element): Element[] {
  const result: Element[] = [];
  const coordinates = shape.map(() => 0);
  const count = plainDim(product(shape)) ?? 0;
  for (let i = 0; i < count; i++) {
    result.push(at(coordinates));
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      coordinates[axis]! += 1;
      if (coordinates[axis]! < shape[axis]!) break;
      coordinates[axis] = 0;
    }
  }
  return result;
}

export function flatIndex(shape: readonly number[], coordinates: readonly number[]): number {
  return shape.reduce((index, dim, axis) => index * dim + coordinates[axis]!, 0);
}

/** Reads an input by the coordinates of a shape it is broadcast to. */
export function broadcastReader(
  context: NodeContext,
  index: number,
): ((coordinates: readonly number[]) => Element) | null {
  const shape = completeShape(context.inputs[index]);
  const elements = inputElements(context, index);
  if (!shape || !elements) return null;
  return coordinates => {
    const lead = coordinates.length - shape.length;
    const own = shape.map((dim, axis) => (dim === 1 ? 0 : coordinates[lead + axis]!));
    return elements[flatIndex(shape, own)] ?? null;
  };
}
