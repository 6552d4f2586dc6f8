import { addScaled, dot, maxAbs } from '../linear-algebra/vector.ts';

/** Value and gradient of the objective at x. */
export interface Evaluation {
  readonly value: number;
  readonly gradient: ArrayLike<number>;
}

export interface LbfgsOptions {
  readonly learningRate: number;
  /** Inner iterations of one step. */
  readonly maxIterations: number;
  readonly historySize: number;
  /** Stop when no entry of the gradient is larger. */
  readonly toleranceGradient: number;
  /** Stop when neither x nor the value changes by more. */
  readonly toleranceChange: number;
}

export const pytorchDefaults: LbfgsOptions = {
  learningRate: 1,
  maxIterations: 20,
  historySize: 100,
  toleranceGradient: 1e-7,
  toleranceChange: 1e-9,
};

interface Correction {
  /** Change of x and of the gradient, and 1 / (their product). */
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

/**
 * L-BFGS (Liu & Nocedal 1989) without a line search, as torch.optim.LBFGS 1.13 with default arguments behaves: one step
 * is up to `maxIterations` inner iterations, the first ever of length min(1, 1/‖g‖₁), the history outlives the step.
 * Returns a function that does one step on x in place and gives the value at its beginning.
 */
export function createLbfgs(
  x: Float64Array,
  evaluate: () => Promise<Evaluation>,
  options: LbfgsOptions = pytorchDefaults,
): () => Promise<number> {
  const history: Correction[] = [];
  let scale = 1;
  let iterationsEver = 0;
  let lastGradient: Float64Array = new Float64Array(x.length);
  let lastStep: Float64Array = new Float64Array(x.length);

  function remember(gradient: Float64Array): void {
    const y = gradient.slice();
    addScaled(y, -1, lastGradient);
    const product = dot(y, lastStep);
    if (!(product > 1e-10)) return;
    if (history.length === options.historySize) history.shift();
    history.push({ s: lastStep, y, rho: 1 / product });
    scale = product / dot(y, y);
  }

  /** −H·gradient by the two-loop recursion. */
  function direction(gradient: Float64Array): Float64Array {
    const d = gradient.map(g => -g);
    const alpha = new Float64Array(history.length);
    for (let i = history.length - 1; i >= 0; i--) {
      const { s, y, rho } = history[i]!;
      alpha[i] = rho * dot(s, d);
      addScaled(d, -alpha[i]!, y);
    }
    for (let i = 0; i < d.length; i++) d[i]! *= scale;
    history.forEach(({ s, y, rho }, i) => {
      addScaled(d, alpha[i]! - rho * dot(y, d), s);
    });
    return d;
  }

  return async () => {
    let { value, gradient } = await at(evaluate);
    const first = value;
    if (maxAbs(gradient) <= options.toleranceGradient) return first;
    for (let iteration = 1; iteration <= options.maxIterations; iteration++) {
      iterationsEver++;
      if (iterationsEver > 1) remember(gradient);
      const step = direction(gradient);
      const descent = dot(gradient, step);
      lastGradient = gradient;
      const total = gradient.reduce((sum, g) => sum + Math.abs(g), 0);
      const length = (iterationsEver === 1 ? Math.min(1, 1 / total) : 1) * options.learningRate;
      lastStep = step.map(d => d * length);
      if (descent > -options.toleranceChange) {
        // Nothing is stepped: were the direction kept, the next call would count it as a change of x.
        lastStep.fill(0);
        break;
      }
      addScaled(x, 1, lastStep);
      if (iteration === options.maxIterations) break;
      const before = value;
      ({ value, gradient } = await at(evaluate));
      if (maxAbs(gradient) <= options.toleranceGradient) break;
      if (maxAbs(lastStep) <= options.toleranceChange) break;
      if (Math.abs(value - before) < options.toleranceChange) break;
    }
    return first;
  };
}

async function at(evaluate: () => Promise<Evaluation>): Promise<{ value: number; gradient: Float64Array }> {
  const { value, gradient } = await evaluate();
  return { value, gradient: Float64Array.from(gradient) };
}
