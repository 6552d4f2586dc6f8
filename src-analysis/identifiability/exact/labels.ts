/** Entries of a tensor grouped by some of their indices. */
import { indices, sizeOfKnown } from './index-maps.ts';
import { type EntryLists, entryLists } from './program.ts';

/** A number for every entry of a shape: equal where the indices along the given axes are. */
export function labels(shape: readonly number[], axes: readonly number[]): { of: Int32Array; count: number } {
  const kept = axes.map(axis => shape[axis]!);
  const of = new Int32Array(sizeOfKnown(shape));
  let at = 0;
  for (const index of indices(shape)) of[at++] = axes.reduce((sum, axis, i) => sum * kept[i]! + index[axis]!, 0);
  return { of, count: sizeOfKnown(kept) };
}

export function labelsByGroup(
  shape: readonly number[],
  axis: number,
  groups: number,
): { of: Int32Array; count: number } {
  const channel = labels(shape, [axis]);
  return { of: channel.of.map(c => Math.floor((c * groups) / shape[axis]!)), count: groups };
}

export function others(shape: readonly number[], axes: readonly number[]): number[] {
  return shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
}

export function listsOf({ of, count }: { of: Int32Array; count: number }): EntryLists {
  const lists: number[][] = Array.from({ length: count }, () => []);
  of.forEach((label, entry) => {
    lists[label]!.push(entry);
  });
  return entryLists(lists);
}

export function groupsAlong(shape: readonly number[], axis: number): EntryLists {
  return listsOf(labels(shape, others(shape, [axis])));
}
