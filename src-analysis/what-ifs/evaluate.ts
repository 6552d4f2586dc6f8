import { analyseModel } from '../analyse.ts';
import type { AnalysedModel } from '../check.ts';
import type { ExactRanks, ExactResult } from '../model/analysis.ts';
import { sizeOf } from '../model/geometry.ts';
import type { Edge, Layer, ModelGraph } from '../model/graph.ts';
import { readModels } from '../readers/read.ts';
import { type CancellationToken, type ReadResult, type SourceFile, throwIfCancelled } from '../readers/reader.ts';
import { applyEdits, type Change, type TextEdit } from './change.ts';
import { type Figures, figuresOf } from './figures.ts';
import { changedGraph } from './graph-change.ts';
import { type EditableCode, editableCode } from './tfjs-code.ts';

/** A model whose hyper-parameters can be changed: in its source, or, where no code makes it, only in thought. */
export interface Subject {
  readonly file: SourceFile;
  /** null: the model is in a format that nobody edits by hand. */
  readonly code: EditableCode | null;
  readonly read: ReadResult;
  /** Place of the model among those of the file. */
  readonly index: number;
  readonly model: AnalysedModel;
  readonly figures: Figures;
  /** What the law alone says, where the figures were settled by exact elimination: changes that were not are compared with this. */
  readonly law: Figures;
  /** Exact ranks known so far; grows as models are settled. */
  readonly exact: Map<string, ExactResult | null>;
}

/** A change or several, with the edits that make them and what the analysis says of the edited source. */
export interface Variant {
  readonly changes: readonly Change[];
  /** Empty where there is no code to edit. */
  readonly edits: readonly TextEdit[];
  readonly figures: Figures;
}

/**
 * The models of a file that can be changed.
 * @param exact ranks by exact elimination that are known of these models; the subjects' own is a copy
 * @param wanted places of models among those of the file; the others are not analysed. Default: all
 * @param others whether models that no code makes count too
 * Throws {@link Cancelled} when the token asks for it.
 */
export function subjectsOf(
  file: SourceFile,
  exact: ExactRanks,
  cancel: CancellationToken,
  wanted?: ReadonlySet<number>,
  others = false,
): Subject[] {
  const read = readModels(file, cancel);
  const isCode = read.models.some(({ format }) => format === 'tfjs-code');
  const code = (isCode ? editableCode(file) : undefined) ?? null;
  if (!code && (isCode || !others)) return [];
  return read.models.flatMap((graph, index) => {
    if (wanted && !wanted.has(index)) return [];
    const model = { graph, analysis: analyseModel(graph, exact, cancel) };
    const figures = figuresOf(model);
    const isSettled = model.analysis.identifiable.basis === 'finite-field';
    const law = isSettled ? figuresOf({ graph, analysis: analyseModel(graph, nothingExact, cancel) }) : figures;
    return { file, code, read, index, model, figures, law, exact: new Map(exact) };
  });
}

const nothingExact: ExactRanks = new Map();

/** Figures of the model as it is that a change's may be compared with: an estimate of the law with one of the law. */
export function baseline({ figures, law }: Subject, { pending }: Figures): Figures {
  return pending ? law : figures;
}

/**
 * Edits the source, reads and analyses it again. Undefined where the code does not let itself be edited so, where the
 * edited code reads with errors or gaps that were not there, where a shape breaks, where a feature map shrinks to a single
 * position, or where the model's inputs, outputs or number of layers would change. Throws {@link Cancelled} when the token asks for it.
 */
export function evaluate(subject: Subject, changes: readonly Change[], cancel: CancellationToken): Variant | undefined {
  throwIfCancelled(cancel);
  const edits = editsOf(subject, changes);
  const graph = edits && graphWith(subject, changes, edits, cancel);
  if (!graph) return undefined;
  return { changes, edits, figures: figuresOf({ graph, analysis: analyseModel(graph, subject.exact, cancel) }) };
}

/** The changed model, or undefined as {@link evaluate} says. */
export function graphWith(
  subject: Subject,
  changes: readonly Change[],
  edits: readonly TextEdit[],
  cancel: CancellationToken,
): ModelGraph | undefined {
  const before = subject.model.graph;
  const graph = subject.code ? rereadGraph(subject, edits, cancel) : changedGraph(before, changes);
  return graph && isSameModel(before, graph) && !collapses(before, graph) ? graph : undefined;
}

/** The model that the edited code makes; undefined where it reads with errors that were not there. */
function rereadGraph(
  { file, read, index }: Subject,
  edits: readonly TextEdit[],
  cancel: CancellationToken,
): ModelGraph | undefined {
  const after = readModels({ ...file, text: applyEdits(file.text ?? '', edits) }, cancel);
  if (after.models.length !== read.models.length || hasNewErrors(read, after)) return undefined;
  return after.models[index];
}

/** The edits that make the changes, without asking what becomes of the model; none where there is no code. */
export function editsOf({ code, model }: Subject, changes: readonly Change[]): readonly TextEdit[] | undefined {
  return code ? code.edits(model.graph.layers, changes) : [];
}

/** What tells a variant from others: its edits, since a call may make several layers; without code, its changes. */
export function identityOf({ changes, edits }: Pick<Variant, 'changes' | 'edits'>): string {
  return JSON.stringify(edits.length > 0 ? edits : changes);
}

function hasNewErrors(before: ReadResult, after: ReadResult): boolean {
  const known = new Set(before.errors.map(error => error.message));
  return after.errors.some(error => !known.has(error.message));
}

/** The same layers between the same ends, all shapes as well known as they were. */
function isSameModel(before: ModelGraph, after: ModelGraph): boolean {
  return (
    after.layers.length === before.layers.length &&
    after.gaps.length <= before.gaps.length &&
    shapesOf(after, after.inputs) === shapesOf(before, before.inputs) &&
    shapesOf(after, after.outputs) === shapesOf(before, before.outputs) &&
    after.layers.every((layer, id) => openDims(layer.outputShapes) <= openDims(before.layers[id]?.outputShapes ?? []))
  );
}

/** Whether a convolution or pooling has a single position left where it had several: little would be left to learn. */
function collapses(before: ModelGraph, after: ModelGraph): boolean {
  return after.layers.some((layer, id) => positions(layer) === 1 && positions(before.layers[id]) !== 1);
}

/** Positions of a feature map; undefined for layers that have none, or where they are not known. */
function positions(layer: Layer | undefined): number | undefined {
  const op = layer?.op;
  const shape = layer?.outputShapes[0];
  if (!shape || (op?.kind !== 'conv' && op?.kind !== 'separableConv' && op?.kind !== 'pool')) return undefined;
  if (op.kind === 'pool' && op.global) return undefined;
  return sizeOf(op.dataFormat === 'channelsFirst' ? shape.slice(1) : shape.slice(0, -1)) ?? undefined;
}

function shapesOf({ layers }: ModelGraph, edges: readonly Edge[]): string {
  return JSON.stringify(edges.map(({ layer, output }) => layers[layer]?.outputShapes[output]));
}

function openDims(shapes: readonly (readonly (number | null)[] | null)[]): number {
  return shapes.reduce((sum, shape) => sum + (shape ? shape.filter(dim => dim === null).length : 100), 0);
}
