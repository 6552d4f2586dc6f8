import type ts from 'typescript';
import type { ModelGraph, Range } from '../../model/graph.ts';
import type { ReadError } from '../reader.ts';
import { limits } from './budget.ts';
import { type BuiltModel, buildGraph } from './build-graph.ts';
import type { Context } from './context.ts';
import { rangeIn } from './context.ts';
import { fragments } from './fragments.ts';
import { nodesOf } from './models.ts';
import { calleeName, enclosingFunctionName, modelNameFor } from './names.ts';
import type { ModelValue, Value } from './values.ts';
import { isArray, isPrimitive, isUnknown } from './values.ts';

export interface Selection {
  readonly models: readonly ModelGraph[];
  readonly errors: readonly ReadError[];
}

/**
 * The models to report, of all that evaluation made. Models used as layers of others are parts of those, unless they
 * are trained on their own. Several models made at one place of the source are one, unless their graphs differ; calls
 * with known arguments count for more than calls that nobody makes.
 */
export function selectModels(context: Context): Selection {
  const candidates = context.models.filter(model => !isEmpty(model) && concerns(context, model));
  const whole = candidates.filter(
    model => (!model.nested || model.trained) && !candidates.some(other => supersedes(other, model)),
  );
  const { chosen, errors } = choose(context, whole);
  const reported = sitesOf(chosen);
  // A model used as a layer of something that is not reported itself, and layers in no model, are told all the same.
  const lost = candidates.filter(model => !whole.includes(model) && !isReported(context, model, reported));
  const nested = choose(context, lost);
  for (const site of sitesOf(nested.chosen)) reported.add(site);
  const loose = fragments(context, reported).map(model => toChosen(context, model, false));
  const all = [...chosen, ...nested.chosen, ...loose].sort((a, b) => placeIn(a.model) - placeIn(b.model));
  const names = uniqueNames(all);
  const models = all.map(({ built }, index) => ({ ...built.graph, name: names[index] ?? built.graph.name }));
  return { models, errors: [...errors, ...nested.errors, ...problemsOf(all.map(({ built }) => built))] };
}

/** A model is told in the file that makes it or one of its layers, once, and not again where another file calls that. */
function concerns(context: Context, model: ModelValue): boolean {
  if (model.place === model.site) return true;
  return nodesOf(context, model).some(
    ({ layer }) => layer.place !== undefined && layer.place === layer.site && !layer.implicit,
  );
}

/** A part of another model, made at the same place by a call whose arguments are known, shows more than a guess. */
function supersedes(other: ModelValue, guess: ModelValue): boolean {
  if (!other.nested || other === guess || (other.place ?? other.site) !== (guess.place ?? guess.site)) return false;
  const isOpen = (model: ModelValue): boolean => model.maker?.args.some(isUnknown) ?? true;
  return guess.explored && isOpen(guess) && !isOpen(other);
}

function placeIn(model: ModelValue): number {
  return (model.place ?? model.site).pos;
}

function sitesOf(chosen: readonly Chosen[]): Set<ts.Node> {
  const layers = chosen.flatMap(({ built }) => built.layers);
  // What stands for something unknown is nothing to show.
  return new Set(layers.flatMap(layer => (layer.site && layer.className !== '' ? [layer.site] : [])));
}

function isReported(context: Context, model: ModelValue, reported: ReadonlySet<ts.Node>): boolean {
  return nodesOf(context, model).every(({ layer }) => !layer.site || layer.implicit || reported.has(layer.site));
}

function choose(context: Context, candidates: readonly ModelValue[]): { chosen: Chosen[]; errors: ReadError[] } {
  const bySite = new Map<ts.Node, ModelValue[]>();
  for (const model of candidates) {
    const key = model.place ?? model.site;
    bySite.set(key, [...(bySite.get(key) ?? []), model]);
  }
  const chosen: Chosen[] = [];
  const errors: ReadError[] = [];
  let layers = 0;
  const sites = [...bySite].sort(([a], [b]) => a.pos - b.pos);
  for (const [site, group] of sites) {
    const variants = distinct(context, known(group));
    for (const variant of variants.slice(0, limits.variants)) {
      layers += variant.built.graph.layers.length;
      if (layers <= limits.layers) chosen.push(variant);
    }
    if (variants.length > limits.variants) {
      const message = `More than ${limits.variants} different models are made here; the first ${limits.variants} are analysed.`;
      errors.push({ message, ...withRange(context, site) });
    }
    if (layers <= limits.layers && chosen.length < limits.models) continue;
    const message = `This file makes too many models or layers; the first ${chosen.length} models are analysed, up to here.`;
    errors.push({ message, ...withRange(context, site) });
    break;
  }
  return { chosen, errors };
}

function withRange(context: Context, site: ts.Node): { range?: Range } {
  const range = rangeIn(context, calleeName(site));
  return range ? { range } : {};
}

interface Chosen {
  readonly model: ModelValue;
  readonly built: BuiltModel;
  /** One of several different models made at the same place. */
  readonly variant: boolean;
}

function isEmpty(model: ModelValue): boolean {
  return model.outputs.length === 0 && model.gaps.length === 0;
}

/** Models made with known arguments, or by code that runs, if there are any. */
function known(group: readonly ModelValue[]): readonly ModelValue[] {
  const certain = group.filter(model => !model.explored || model.changedBy !== undefined);
  const executed = certain.some(model => !model.explored);
  return executed ? certain : group;
}

function distinct(context: Context, group: readonly ModelValue[]): readonly Chosen[] {
  const seen = new Map<string, Chosen>();
  for (const model of group.slice(0, 4 * limits.variants)) {
    const made = toChosen(context, model, true);
    const key = group.length === 1 ? '' : JSON.stringify([made.built.graph.layers, made.built.graph.gaps]);
    if (!seen.has(key)) seen.set(key, made);
  }
  const variants = [...seen.values()];
  const complete = variants.filter(({ model, built }) => !model.explored || isComplete(built.graph));
  const kept: readonly Chosen[] = withMissingSites(complete.length > 0 ? complete : leastUnknown(variants), variants);
  return kept.length > 1 ? kept : kept.map(only => ({ ...only, variant: false }));
}

/** Models, and those of the others that show layers which they do not have. */
function withMissingSites(kept: readonly Chosen[], others: readonly Chosen[]): readonly Chosen[] {
  const all = [...kept];
  const shown = sitesOf(kept);
  for (const made of others) {
    const sites = sitesOf([made]);
    if ([...sites].every(site => shown.has(site))) continue;
    all.push(made);
    for (const site of sites) shown.add(site);
  }
  return all;
}

/** Of models that are all incomplete, the one of which the most is known. */
function leastUnknown(variants: readonly Chosen[]): Chosen[] {
  const [first, ...others] = variants.map(made => ({ made, open: openness(made.built.graph) }));
  if (!first) return [];
  return [others.reduce((best, next) => (next.open < best.open ? next : best), first).made];
}

function openness(graph: ModelGraph): number {
  const shapes = graph.layers.flatMap(layer => layer.outputShapes);
  const open = shapes.reduce((sum, shape) => sum + (shape ? shape.filter(dim => dim === null).length : 4), 0);
  const unknown = graph.layers.filter(layer => layer.op.kind === 'unknown').length;
  // Of each layer: a model of which little is known is small.
  return (open + 4 * unknown + graph.gaps.length) / Math.max(1, graph.layers.length);
}

function toChosen(context: Context, model: ModelValue, variant: boolean): Chosen {
  return { model, built: buildGraph(context, model, model.name ?? modelNameFor(model.place ?? model.site)), variant };
}

export function isComplete(graph: ModelGraph): boolean {
  return (
    graph.gaps.length === 0 &&
    graph.layers.every(layer => layer.outputShapes.every(shape => shape?.every(d => d !== null)))
  );
}

/** Names that tell the models of a file apart: by the call that makes them, by the function around, by a number. */
function uniqueNames(chosen: readonly Chosen[]): string[] {
  let names = chosen.map(({ model, built, variant }) => {
    if (model.changedBy && variant) return `${built.graph.name} after ${model.changedBy}()`;
    return variant && model.maker?.name
      ? `${model.maker.name}(${model.maker.args.map(argumentText).join(', ')})`
      : built.graph.name;
  });
  const repeated = countNames(names);
  names = names.map((name, index) => {
    const model = chosen[index]?.model;
    const around = model && enclosingFunctionName(model.place ?? model.site);
    return (repeated.get(name) ?? 0) > 1 && around !== undefined && around !== name ? `${name} (${around})` : name;
  });
  const taken = new Map<string, number>();
  const clashes = countNames(names);
  return names.map(name => {
    if ((clashes.get(name) ?? 0) < 2) return name;
    const number = (taken.get(name) ?? 0) + 1;
    taken.set(name, number);
    return `${name} #${number}`;
  });
}

function countNames(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function argumentText(value: Value): string {
  if (typeof value === 'string') return value.length > 20 ? `'${value.slice(0, 19)}…'` : `'${value}'`;
  if (isPrimitive(value)) return String(value);
  if (isArray(value) && value.elements.length <= 4 && value.elements.every(isPrimitive)) {
    return `[${value.elements.map(argumentText).join(', ')}]`;
  }
  return '…';
}

/** What TensorFlow.js would refuse, once for every place. */
function problemsOf(built: readonly BuiltModel[]): ReadError[] {
  const errors = new Map<string, ReadError>();
  for (const { graph, problems } of built) {
    for (const problem of problems) {
      const layer = graph.layers[problem.layer];
      const message = layer ? `${layer.name}: ${problem.message}` : problem.message;
      const range = layer?.range ?? graph.range;
      errors.set(`${range?.start} ${message}`, { message, ...(range && { range }) });
    }
  }
  return [...errors.values()];
}
