/** Waves along every axis of a picture, and of how many periods at most. */
const waves = { count: 8, periods: 3 };
/** An axis that is no longer holds channels. */
const mostChannels = 4;

/**
 * Smooth random pictures, one after the other: a mean of their own, and waves whose size falls with their frequency, as in
 * natural pictures. Neither brightness nor colours are zero on average.
 * @param size of all of them, entries
 * @param shape of one; axes of more than four entries are taken for those of a picture
 * @param normal draws a standard normal number
 */
export function smoothPictures(size: number, shape: readonly number[], normal: () => number): Float64Array {
  const length = shape.reduce((product, dim) => product * dim, 1);
  const result = new Float64Array(size);
  for (let start = 0; start < size; start += length) {
    const mean = 0.5 * normal();
    const terms = Array.from({ length: waves.count }, () => {
      const frequencies = shape.map(dim => (dim > mostChannels ? Math.abs(normal()) * (waves.periods / 2) : 0.1));
      const size = normal() / (1 + Math.hypot(...frequencies));
      return { frequencies, size, phase: 2 * Math.PI * normal() };
    });
    for (let i = 0; i < length; i++) {
      const at = positionOf(i, shape);
      result[start + i] = terms.reduce((sum, { frequencies, size, phase }) => {
        const angle = frequencies.reduce((total, f, axis) => total + (f * at[axis]!) / Math.max(1, shape[axis]!), 0);
        return sum + size * Math.sin(2 * Math.PI * angle + phase);
      }, mean);
    }
  }
  return result;
}

function positionOf(index: number, shape: readonly number[]): number[] {
  const at = new Array<number>(shape.length).fill(0);
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    at[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return at;
}
