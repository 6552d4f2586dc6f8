/**
 * Which units are active, and which entries are the greatest, at a typical picture and freshly initialised weights. Patterns
 * that are drawn unit by unit are not what networks have: a filter sees nearly the same in neighbouring windows of a smooth
 * picture, so whole regions of a feature map switch together, and a channel can be off everywhere. The exact rank is
 * taken at such a pattern, with weights and values in general position.
 */
import { prime } from '../../solubility/modular.ts';
import { smoothPictures } from '../smooth-pictures.ts';
import { forList, type PointwiseFunction, type Program, type ProgramNode } from './program.ts';

/** For every pointwise node 1 where a unit is active, for every select node the number of the greatest of its entries. */
export type Pattern = ReadonlyMap<ProgramNode, Int32Array>;

/**
 * @param random residues, see {@link randomResidues}
 * @param shapes of one example of every input, in the order of the input nodes; axes of more than four entries are taken for
 *   those of a picture
 */
export function typicalPattern(
  program: Program,
  random: () => number,
  shapes: readonly (readonly number[])[],
): Pattern {
  const pattern = new Map<ProgramNode, Int32Array>();
  const values: Float64Array[] = [];
  const weights = new Map<string, Float64Array>();
  const normal = normalFrom(random);
  let inputs = 0;
  for (const node of program.nodes) {
    values.push(valuesOf(node));
    if (node.kind === 'input') inputs++;
  }
  return pattern;

  function valuesOf(node: ProgramNode): Float64Array {
    switch (node.kind) {
      case 'input':
        return node.table
          ? Float64Array.from({ length: node.size }, normal)
          : smoothPictures(node.size, shapes[inputs]!, normal);
      case 'constant':
        return Float64Array.from({ length: node.size }, normal);
      case 'weighted': {
        const { weight, lists } = node;
        // Scaled for values of equal size in all layers; a bias starts at zero.
        const scale = Math.sqrt(node.size / Math.max(1, lists.entries.length));
        const known = weights.get(weight.key) ?? Float64Array.from({ length: weight.count }, () => scale * normal());
        weights.set(weight.key, known);
        return sums(node.size, add => {
          for (let k = 0; k < node.size; k++)
            forList(lists, k, (entry, at) => add(k, known[node.weights[at]!]! * values[node.input]![entry]!));
        });
      }
      case 'sum':
        return sums(node.size, add => {
          for (const { input, sign, lists } of node.sources)
            for (let k = 0; k < node.size; k++) forList(lists, k, entry => add(k, sign * values[input]![entry]!));
        });
      case 'select':
        return selected(node);
      case 'pointwise': {
        const before = values[node.input]!;
        pattern.set(
          node,
          Int32Array.from(before, value => (isActive(node.activation, value) ? 1 : 0)),
        );
        return before.map(value => imageOf(node.activation, value));
      }
      case 'product': {
        const [a, b] = node.inputs.map(input => values[input]!) as [Float64Array, Float64Array];
        return sums(node.size, add => {
          for (let k = 0; k < node.size; k++)
            for (let at = node.starts[k]!; at < node.starts[k + 1]!; at++)
              add(k, a[node.of[0][at]!]! * b[node.of[1][at]!]!);
        });
      }
      case 'softmax':
        return grouped(node, entries => softmax(entries, node.log));
      case 'normalise':
        return grouped(node, entries => normalised(entries, node.centred));
    }
  }

  function selected(node: Extract<ProgramNode, { kind: 'select' }>): Float64Array {
    const greatest = new Float64Array(node.size).fill(Number.NEGATIVE_INFINITY);
    const chosen = new Int32Array(node.size);
    for (let k = 0; k < node.size; k++) {
      let number = 0;
      for (const { input, lists } of node.sources) {
        forList(lists, k, entry => {
          const value = values[input]![entry]!;
          if (value > greatest[k]!) [greatest[k], chosen[k]] = [value, number];
          number++;
        });
      }
    }
    pattern.set(node, chosen);
    return greatest;
  }

  function grouped(
    node: Extract<ProgramNode, { kind: 'softmax' | 'normalise' }>,
    image: (entries: Float64Array) => Float64Array,
  ): Float64Array {
    const result = new Float64Array(node.size);
    const { starts, entries } = node.groups;
    for (let g = 0; g + 1 < starts.length; g++) {
      const group = entries.subarray(starts[g], starts[g + 1]);
      const images = image(Float64Array.from(group, entry => values[node.input]![entry]!));
      group.forEach((entry, i) => {
        result[entry] = images[i]!;
      });
    }
    return result;
  }
}

function sums(size: number, fill: (add: (k: number, value: number) => void) => void): Float64Array {
  const result = new Float64Array(size);
  fill((k, value) => {
    result[k]! += value;
  });
  return result;
}

/** Standard normal numbers from residues (Box and Muller 1958). */
function normalFrom(random: () => number): () => number {
  const uniform = () => (random() + prime / 2) / prime;
  return () => Math.sqrt(-2 * Math.log(Math.max(uniform(), Number.EPSILON))) * Math.cos(2 * Math.PI * uniform());
}

/** What is linear between two limits is so from −1 to 1. */
function isActive(kind: PointwiseFunction, value: number): boolean {
  return kind === 'clipped' ? Math.abs(value) < 1 : value > 0;
}

/** A stand-in for a function of which the program keeps the class only. */
function imageOf(kind: PointwiseFunction, value: number): number {
  switch (kind) {
    case 'relu':
      return Math.max(0, value);
    case 'piecewise-linear':
      return value > 0 ? value : 0.1 * value;
    case 'clipped':
      return Math.max(-1, Math.min(1, value));
    case 'square':
      return value * value;
    case 'root':
      return Math.sqrt(Math.abs(value));
    case 'reciprocalRoot':
      return 1 / Math.sqrt(Math.abs(value) + 1e-3);
    case 'reciprocal':
      return 1 / (value + 1e-3 * Math.sign(value || 1));
    case 'exp':
      return Math.exp(Math.min(value, 30));
    case 'log':
      return Math.log(Math.abs(value) + 1e-6);
    case 'smooth':
      return Math.tanh(value);
  }
}

function softmax(values: Float64Array, log: boolean): Float64Array {
  const greatest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const shifted = values.map(value => Math.exp(value - greatest));
  const total = shifted.reduce((a, b) => a + b, 0);
  return shifted.map(value => (log ? Math.log(value / total) : value / total));
}

function normalised(values: Float64Array, centred: boolean): Float64Array {
  const mean = centred ? values.reduce((a, b) => a + b, 0) / values.length : 0;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return values.map(value => (value - mean) / Math.sqrt(variance + 1e-9));
}
