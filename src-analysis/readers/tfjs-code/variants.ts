import type { Layer, ModelGraph, Range } from '../../model/graph.ts';
import type { ReadError } from '../reader.ts';
import { limits } from './budget.ts';
import { combinations, type Decisions, describeChoices, type Fork, forksOf } from './forks.ts';
import type { Evaluation } from './read.ts';

/** Steps that all evaluations of a file may take together. */
const allSteps = 1_500_000;

interface Made {
  readonly model: ModelGraph;
  readonly under: Decisions[];
}

/**
 * Keeps apart what a file makes under conditions that are not known: models that differ with them are told once for each
 * way they can go, and named by it. Models that do not depend on them stay as they are.
 */
export function separateBranches(
  base: Evaluation,
  evaluateUnder: (decisions: Decisions) => Evaluation,
): Pick<Evaluation, 'models' | 'errors'> {
  let spent = base.spent;
  let forks = forksOf(base.conditions, base.met);
  let next = forks;
  let runs: readonly Run[] = [];
  // A branch taken for certain may show further conditions.
  for (let round = 0; round < 3 && forks.length > 0; round++) {
    const made: Run[] = [];
    for (const decisions of combinations(next)) {
      // All ways or none: some of them alone would look like all there is.
      if (spent + base.spent > allSteps) return runs.length > 0 ? merged(base, forks, runs) : base;
      const evaluation = evaluateUnder(decisions);
      spent += evaluation.spent;
      made.push({ decisions, evaluation });
    }
    runs = made;
    forks = next;
    const all = [base, ...runs.map(run => run.evaluation)];
    const more = forksOf(
      all.flatMap(evaluation => evaluation.conditions),
      all.flatMap(evaluation => evaluation.met),
    );
    if (JSON.stringify(more) === JSON.stringify(forks)) break;
    next = more;
  }
  return runs.length > 0 ? merged(base, forks, runs) : base;
}

interface Run {
  readonly decisions: Decisions;
  readonly evaluation: Evaluation;
}

function merged(base: Evaluation, forks: readonly Fork[], runs: readonly Run[]): Pick<Evaluation, 'models' | 'errors'> {
  const models = [...placesOf(base)].flatMap(([place, inBase]) => variantsAt(place, inBase, forks, runs));
  return { models: withUniqueNames(models), errors: distinctErrors([base, ...runs.map(run => run.evaluation)]) };
}

/** Places of models in the order of the file; with both branches taken the base evaluation has all of them. */
function placesOf({ models }: Evaluation): Map<number, readonly ModelGraph[]> {
  const places = new Map<number, ModelGraph[]>();
  for (const model of models) places.set(placeOf(model), [...(places.get(placeOf(model)) ?? []), model]);
  return places;
}

function placeOf(model: ModelGraph): number {
  return model.range?.start ?? -1;
}

function variantsAt(
  place: number,
  inBase: readonly ModelGraph[],
  forks: readonly Fork[],
  runs: readonly Run[],
): readonly ModelGraph[] {
  const made = new Map<string, Made>();
  for (const { decisions, evaluation } of runs) {
    for (const model of evaluation.models.filter(candidate => placeOf(candidate) === place)) {
      const key = contentOf(model);
      const known = made.get(key) ?? { model, under: [] };
      known.under.push(decisions);
      made.set(key, known);
    }
  }
  const contents = new Set(inBase.map(contentOf));
  if (made.size === 0 || (made.size === inBase.length && [...made.keys()].every(key => contents.has(key))))
    return inBase;
  const variants = [...made.values()].slice(0, limits.variants).map(({ model, under }) => {
    const when = describeChoices(forks, under);
    return when === '' ? model : { ...model, name: `${model.name} (${when})` };
  });
  // What none of the ways shows is told as it was found with all of them open.
  const shown = sitesIn(variants);
  return [...variants, ...inBase.filter(model => ![...sitesIn([model])].every(site => shown.has(site)))];
}

function sitesIn(models: readonly ModelGraph[]): ReadonlySet<number> {
  return new Set(models.flatMap(model => model.layers.flatMap(layer => (isWritten(layer) ? [layer.range.start] : []))));
}

/** A layer that the code makes, as opposed to what stands for something unknown. */
function isWritten(layer: Layer): layer is Layer & { range: Range } {
  return layer.range !== undefined && layer.type !== 'condition' && layer.type !== 'unknown';
}

/** What makes models different: names of layers are counted, so they do not. */
function contentOf({ layers, gaps, outputs }: ModelGraph): string {
  return JSON.stringify([layers, gaps, outputs]);
}

function withUniqueNames(models: readonly ModelGraph[]): readonly ModelGraph[] {
  const uses = new Map<string, number>();
  return models.map(model => {
    const use = (uses.get(model.name) ?? 0) + 1;
    uses.set(model.name, use);
    return use === 1 ? model : { ...model, name: `${model.name} #${use}` };
  });
}

function distinctErrors(evaluations: readonly Evaluation[]): readonly ReadError[] {
  const errors = evaluations.flatMap(evaluation => evaluation.errors);
  return [...new Map(errors.map(error => [`${error.range?.start} ${error.message}`, error])).values()];
}
