import { type CancellationToken, throwIfCancelled } from '../../../src-analysis/readers/reader.ts';
import type { Program } from '../../engines/engine.ts';
import { channelOf, imageSize, preprocessChannel } from '../../image/tensor.ts';
import { jvp, vjp } from '../../ir/gradient.ts';
import { type Node, sizeOf, type Values } from '../../ir/graph.ts';
import { norm } from '../../linear-algebra/vector.ts';
import { type AttackProblem, batchOf } from '../attack.ts';
import { freshName, inputName } from '../objective.ts';
import { type Compression, compressionFor, copying } from './compression.ts';

/** g* − g(u), every tensor divided by its ‖g*‖, and the sum of its squares. */
export interface Misfit {
  readonly residual: readonly Float64Array[];
  readonly value: number;
  /** g(u), as the engine gave it. */
  readonly gradients: readonly Values[];
}

/**
 * The observed gradient as a function of the picture, linearised: u are intensities − 0.5, one entry for every entry
 * of the model's input, so that the prior means the same whatever the preprocessing.
 */
export interface GradientModel {
  readonly unknowns: number;
  misfit(u: Float64Array): Promise<Misfit>;
  /** Jᵀ·residual. */
  pullBack(u: Float64Array, residual: readonly Float64Array[]): Promise<Float64Array>;
  /** J·t for one direction t. */
  pushForward(u: Float64Array, t: Float64Array): Promise<readonly Float64Array[]>;
  /** One row for every unknown: the column J·e_i, shortened without loss (see compression.ts). */
  jacobianColumns(u: Float64Array, gradients: readonly Values[], cancel: CancellationToken): Promise<Float32Array[]>;
  toInput(u: Float64Array): Float64Array;
  /** The inverse of `toInput`. */
  fromInput(x: Float64Array): Float64Array;
  dispose(): Promise<void>;
}

/** Gradient tensors below this norm carry nothing and would be scaled up to noise. */
const smallestNorm = 1e-30;

/**
 * @param gradients the victim's gradients, or smooth stand-ins for them on the same graph
 * @param extra further inputs that they depend on, given at each run
 */
export async function createGradientModel(
  problem: AttackProblem,
  gradients: readonly Node[] = problem.victim.gradients,
  extra: () => Readonly<Record<string, Values>> = () => ({}),
): Promise<GradientModel> {
  const { victim, engine, observed } = problem;
  const scales = observed.map(g => (norm(g) > smallestNorm ? 1 / norm(g) : 0));
  const { scale, offset } = affineToInput(problem);
  const unknowns = scale.length;
  const batch = batchOf(problem);
  const xName = inputName(victim.x);

  const tangent = victim.graph.input(freshName(victim.graph, 'tangent'), victim.x.shape);
  const cotangents = gradients.map(g => victim.graph.input(freshName(victim.graph, 'cotangent'), g.shape));
  const changes = jvp(gradients, [victim.x], [tangent]);
  const [pulled] = vjp(gradients, [victim.x], cotangents);
  const forward = await engine.compile(numbered(gradients));
  const backward = await engine.compile({ pulled: pulled! });
  const push = await engine.compile(numbered(changes));
  const programs: readonly Program[] = [forward, backward, push];
  for (const program of programs) await program.bind({ [inputName(victim.y)]: problem.y });

  const toInput = (u: Float64Array) => u.map((value, i) => scale[i]! * value + offset[i]!);
  const list = (outputs: Record<string, Values>) => gradients.map((_, i) => outputs[`g${i}`]!);

  async function rawPush(x: Float64Array, t: Values): Promise<Values[]> {
    return list(await push.run({ [xName]: x, [inputName(tangent)]: t, ...extra() }));
  }

  return {
    unknowns,
    toInput,
    fromInput: x => x.map((value, i) => (value - offset[i]!) / scale[i]!),
    async misfit(u) {
      const values = list(await forward.run({ [xName]: toInput(u), ...extra() }));
      let value = 0;
      const residual = values.map((g, l) => {
        const difference = new Float64Array(g.length);
        for (let i = 0; i < g.length; i++) difference[i] = (observed[l]![i]! - g[i]!) * scales[l]!;
        for (const d of difference) value += d * d;
        return difference;
      });
      return { residual, value, gradients: values };
    },
    async pullBack(u, residual) {
      const cotangentValues = Object.fromEntries(
        cotangents.map((node, l) => [inputName(node), residual[l]!.map(r => r * scales[l]!)]),
      );
      const { pulled } = await backward.run({ [xName]: toInput(u), ...cotangentValues, ...extra() });
      return Float64Array.from(pulled!, (value, i) => value * scale[i]!);
    },
    async pushForward(u, t) {
      const change = await rawPush(
        toInput(u),
        t.map((value, i) => value * scale[i]!),
      );
      return change.map((values, l) => Float64Array.from(values, value => value * scales[l]!));
    },
    async jacobianColumns(u, values, cancel) {
      const compressions = values.map((g, l) => compressionOf(g, gradients[l]!.shape, batch));
      const length = compressions.reduce((sum, c) => sum + c.length, 0);
      const x = toInput(u);
      const t = new Float32Array(unknowns);
      const columns: Float32Array[] = [];
      for (let i = 0; i < unknowns; i++) {
        throwIfCancelled(cancel);
        t[i] = scale[i]!;
        const change = await rawPush(x, t);
        t[i] = 0;
        const column = new Float32Array(length);
        let at = 0;
        compressions.forEach((compression, l) => {
          compression.compress(change[l]!, scales[l]!, column, at);
          at += compression.length;
        });
        columns.push(column);
      }
      return columns;
    },
    async dispose() {
      for (const program of programs) await program.dispose();
    },
  };
}

function numbered(nodes: readonly Node[]): Record<string, Node> {
  return Object.fromEntries(nodes.map((node, i) => [`g${i}`, node]));
}

function compressionOf(g: Values, shape: readonly number[], batch: number): Compression {
  return shape.length === 2 ? compressionFor(g, shape[0]!, shape[1]!, batch) : copying(g.length);
}

/** Input = scale·u + offset, u = intensity − 0.5. */
function affineToInput(problem: AttackProblem): { readonly scale: Float64Array; readonly offset: Float64Array } {
  const { shape, preprocess } = problem;
  const size = imageSize(shape);
  const unknowns = sizeOf(problem.victim.x.shape);
  const scale = new Float64Array(unknowns);
  const offset = new Float64Array(unknowns);
  for (let i = 0; i < unknowns; i++) {
    const [perPixel, constant] = preprocessChannel(preprocess, shape, channelOf(shape, i % size));
    scale[i] = 255 * perPixel;
    offset[i] = constant + 127.5 * perPixel;
  }
  return { scale, offset };
}
