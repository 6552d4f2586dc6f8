import { type AttackOptions, type AttackProblem, batchOf, NotApplicable, type Recorder } from '../attack.ts';
import { leastNormSolution, solveBackwards } from '../r-gap/backwards.ts';
import { anchoredGradients } from './anchors.ts';
import { followSmoothing, mostSmoothSteps } from './continuation.ts';
import { kinkScales } from './kink-scales.ts';
import { descendDamped } from './levenberg.ts';
import type { GradientModel } from './model.ts';
import { affineFromPicture, solvePictureLayer } from './picture-layer.ts';
import { lastMu, polish } from './polish.ts';
import { quadraticPrior } from './prior.ts';
import { smoothGradients } from './smoothing.ts';
import { type Iterate, lossOf, minimalDamping } from './step.ts';

/** A misfit for each gradient tensor at which the observed gradient counts as reached. */
const reachedMisfit = 1e-9;
/** As much where nothing but the odd unit next to its kink is wrong: no smooth stand-in comes closer. */
const nearMisfit = 1e-5;
/**
 * β to start from, one after the other until one leads to the observed gradient: they may end in different minima. In units
 * of one over the usual size of what goes into a kink.
 */
const firstBetas = [1.5, 5];
const probe = { steps: 8, settled: 0.5 };

/**
 * Gauss–Newton where the gradient jumps because units switch on and off, as with ReLU, or a maximum moves, as with
 * max-pooling: steps from zero stall (Leaklint). First layer by layer, where the model is a chain and the batch one
 * image: which units are on comes out of the dense layer's gradient backwards, and the picture out of its layer's
 * equations with the prior. Where that does not lead to the observed gradient, along smooth stand-ins for the model, in
 * which what the dense layer tells is fixed (see anchors.ts); of all pictures met the one with the closest gradient counts.
 */
export async function throughKinks(
  model: GradientModel,
  start: Float64Array,
  problem: AttackProblem,
  options: AttackOptions,
  recorder: Recorder,
): Promise<void> {
  const tensors = problem.observed.length;
  const layered = await solutionByLayers(model, problem, recorder);
  if (layered) {
    const u = model.fromInput(layered);
    const solved = { u, misfit: await model.misfit(u) };
    const isUsable = Number.isFinite(solved.misfit.value);
    if (isUsable) recorder.record(lossOf(solved), layered);
    const end = isUsable && (await polish(model, solved, problem, options, recorder));
    if (end && end.misfit.value < nearMisfit * tensors) {
      recorder.note(
        'The picture was solved layer by layer, from the units that are on, and then refined on the whole gradient.',
      );
      return;
    }
  }
  recorder.record(lossOf({ u: start, misfit: await model.misfit(start) }), model.toInput(start));
  const gradients = await anchoredGradients(problem);
  const smoothed = smoothGradients(gradients, await kinkScales(gradients, model, problem));
  let left = options.steps ?? firstBetas.length * mostSmoothSteps;
  recorder.expect(left);
  for (const firstBeta of firstBetas) {
    const course = { smoothed, firstBeta, most: Math.min(left, mostSmoothSteps) };
    const followed = await followSmoothing(course, start, model, problem, recorder, async from => {
      const near = await onTrueModel(model, from, problem, recorder);
      const end = await polish(model, near, problem, options, recorder);
      return end.misfit.value < reachedMisfit * tensors;
    });
    if (followed.reached) return;
    left -= followed.steps;
    if (left <= 0) break;
  }
  recorder.note(
    'The steps ended where no small change brings the gradient closer, and it is not the observed one: with ReLU or max-pooling that can be a local minimum. Another attack or start may find more.',
  );
}

/**
 * R-GAP's way back to the picture, with the prior for the layer that sees it; null where the model is no such chain, and
 * for a batch.
 */
async function solutionByLayers(
  model: GradientModel,
  problem: AttackProblem,
  recorder: Recorder,
): Promise<Float64Array | null> {
  if (batchOf(problem) !== 1) return null;
  try {
    return await solveBackwards(problem, recorder, async (layer, depth) => {
      const affine = depth === 0 ? await affineFromPicture(layer, problem, model.toInput) : null;
      const solved =
        affine &&
        (await solvePictureLayer(layer, affine, problem, recorder.cancel, (u, loss) =>
          recorder.preview(loss, model.toInput(u)),
        ));
      return solved ?? leastNormSolution(layer, problem, recorder);
    });
  } catch (error) {
    if (error instanceof NotApplicable) return null;
    throw error;
  }
}

/** Damped steps as long as they quickly lead to the observed gradient. */
async function onTrueModel(
  model: GradientModel,
  from: Iterate,
  problem: AttackProblem,
  recorder: Recorder,
): Promise<Iterate> {
  const { iterate } = await descendDamped(
    model,
    from.u,
    minimalDamping,
    {
      ...probe,
      prior: quadraticPrior(problem.shape, batchOf(problem)),
      mu: lastMu,
      cancel: recorder.cancel,
      onStep: step => recorder.record(lossOf(step), model.toInput(step.u)),
    },
    problem,
  );
  return iterate;
}
