/**
 * What the code reader finds in public TensorFlow.js code: layer calls found, output shapes resolved, and shapes that differ
 * from those of the models that the same code builds when it really runs.
 *
 *   LEAKLINT_CORPUS=folder npm run bench tfjs-corpus
 *
 * The folder is a checkout of tensorflow/tfjs-examples or of anything else; only files for which `tfjs-corpus-drivers.ts`
 * says how to call them are run. LEAKLINT_CORPUS_DETAILS=1 lists every call that is missed, open or wrong.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import type { Layer, ModelGraph, Shape } from '../src-analysis/model/graph.ts';
import { looksLikeModel, readModels } from '../src-analysis/readers/read.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { createRelatedFiles } from '../src-attack/run/related-files.ts';
import { printTable } from './table.ts';
import { driversOf } from './tfjs-corpus-drivers.ts';
import { builtShapes } from './tfjs-corpus-run.ts';
import { type LayerSite, layerSites } from './tfjs-corpus-sites.ts';

const corpus = path.resolve(process.env.LEAKLINT_CORPUS ?? '');
const related = createRelatedFiles({ base: corpus });
const details = process.env.LEAKLINT_CORPUS_DETAILS !== undefined;
const cacheFile = process.env.LEAKLINT_CORPUS_CACHE;
const cached: Record<string, Record<string, string[]>> = cacheFile && existsSync(cacheFile)
  ? JSON.parse(readFileSync(cacheFile, 'utf8'))
  : {};
const skipped = /(^|\/)(node_modules|dist|build|\.git)(\/|$)|\.min\.js$|(_|\.)(test|spec)\.[jt]sx?$/;

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const full = path.join(folder, entry.name);
    if (skipped.test(path.relative(corpus, full))) return [];
    if (entry.isDirectory()) return filesIn(full);
    return /\.([cm]?[jt]sx?|html?|vue|svelte)$/.test(entry.name) && statSync(full).size < 4e6 ? [full] : [];
  });
}

interface Row {
  readonly file: string;
  sites: number;
  found: number;
  resolved: number;
  run: number;
  wrong: number;
  models: number;
  milliseconds: number;
}

async function measure(file: string): Promise<Row | undefined> {
  const text = readFileSync(file, 'utf8');
  const name = path.relative(corpus, file);
  const source = { path: file, text, related };
  if (!looksLikeModel(source)) return undefined;
  const sites = layerSites(file, text);
  const start = performance.now();
  const { models, errors } = readModels(source, neverCancelled);
  const milliseconds = performance.now() - start;
  if (sites.length === 0 && models.length === 0) return undefined;
  const row: Row = {
    file: name,
    sites: sites.length,
    found: 0,
    resolved: 0,
    run: 0,
    wrong: 0,
    models: models.length,
    milliseconds,
  };
  const driver = driversOf(name);
  const built = driver === undefined ? new Map<string, Set<string>>() : await realShapes(name, file, driver);
  const say = (what: string, site: LayerSite, more: string): void => {
    if (details) console.log(`${what} ${name}:${site.line} ${site.factory} ${more}`);
  };
  for (const site of sites) {
    const layers = layersAt(models, site);
    if (layers.length === 0 && !isInside(models, site)) {
      say('MISSED', site, '');
      continue;
    }
    row.found++;
    const shapes = layers.flatMap(layer => layer.outputShapes);
    if (layers.length === 0 || (shapes.length > 0 && shapes.some(isKnown))) row.resolved++;
    else say('OPEN  ', site, reasonOf(models, layers));
    const real = built.get(`${site.start}`);
    if (!real) continue;
    row.run++;
    const wrong = layers.flatMap(layer => layer.outputShapes.slice(0, 1)).filter(shape => !agrees(shape, real));
    if (wrong.length > 0) {
      row.wrong++;
      say('WRONG ', site, `${JSON.stringify(wrong)}, really ${[...real].join(' ')}`);
    }
  }
  if (details) for (const error of errors) console.log(`ERROR  ${name}: ${error.message}`);
  return row;
}

/** Running all examples takes minutes: what they build is kept in LEAKLINT_CORPUS_CACHE, if that names a file. */
async function realShapes(name: string, file: string, driver: string): Promise<Map<string, Set<string>>> {
  const kept = cached[name];
  if (kept) return new Map(Object.entries(kept).map(([at, shapes]) => [at, new Set(shapes)]));
  const built = await builtShapes(file, driver, corpus);
  cached[name] = Object.fromEntries([...built].map(([at, shapes]) => [at, [...shapes]]));
  if (cacheFile) writeFileSync(cacheFile, JSON.stringify(cached));
  return built;
}

function layersAt(models: readonly ModelGraph[], { start, end }: LayerSite): Layer[] {
  return models.flatMap(model =>
    model.layers.filter(({ fullRange }) => fullRange?.start === start && fullRange.end === end),
  );
}

/** A cell or a wrapped layer: part of the layer around it. */
function isInside(models: readonly ModelGraph[], { start, end }: LayerSite): boolean {
  return models.some(model =>
    model.layers.some(
      ({ fullRange: range, parts = [] }) =>
        (range && range.start < start && end <= range.end) || parts.some(part => part.start === start),
    ),
  );
}

function isKnown(shape: Shape): boolean {
  return shape?.every(dim => dim !== null) ?? false;
}

function reasonOf(models: readonly ModelGraph[], layers: readonly Layer[]): string {
  const model = models.find(({ layers: own }) => own.some(layer => layers.includes(layer)));
  const gap = model?.gaps[0]?.reason ?? '(no reason)';
  return `${layers
    .map(layer => JSON.stringify(layer.outputShapes))
    .slice(0, 3)
    .join(' ')} ${gap}`;
}

/** No dimension that the reader knows differs from what one of the real shapes has there. */
function agrees(shape: Shape, real: ReadonlySet<string>): boolean {
  if (shape === null) return true;
  return [...real].some(text => {
    const other = JSON.parse(text) as (number | null)[];
    return (
      other.length === shape.length && shape.every((dim, i) => dim === null || other[i] === null || dim === other[i])
    );
  });
}

const rows: Row[] = [];
for (const file of filesIn(corpus).sort()) {
  const row = await measure(file);
  if (row) rows.push(row);
}
const sum = (key: 'sites' | 'found' | 'resolved' | 'run' | 'wrong' | 'models' | 'milliseconds'): number =>
  rows.reduce((total, row) => total + row[key], 0);
printTable(
  ['file', 'layer calls', 'found', 'shape resolved', 'compared', 'wrong', 'models', 'ms'],
  [
    ...rows.map(r => [r.file, r.sites, r.found, r.resolved, r.run, r.wrong, r.models, Math.round(r.milliseconds)]),
    [
      'all',
      sum('sites'),
      sum('found'),
      sum('resolved'),
      sum('run'),
      sum('wrong'),
      sum('models'),
      Math.round(sum('milliseconds')),
    ],
  ],
);
