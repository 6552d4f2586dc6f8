/**
 * What is known of every layer's output from behind, by one walk from the model's outputs to its inputs.
 *
 * Premise, as in the recursion of R-GAP and of Chen & Campbell: the input of every layer with weights behind is solved for, and
 * the loss gives the model's output. Between two such layers every operation takes a known part from the tensor it reads:
 * see `seenThrough`. A tensor with several readers is known as well as its best reader tells.
 */
import type { Layer, ModelGraph } from '../model/graph.ts';
import { isEntryByEntry } from './elementwise.ts';
import type { Consumers } from './invertibility.ts';
import { assuming, type Knowledge, whole, worth } from './knowledge.ts';
import { type Reading, seenThrough, throughActivation } from './seen-through.ts';

/** Knowledge of layers' outputs before their fused activation, by layer id. */
export type OutputKnowledge = ReadonlyMap<number, Knowledge>;

/** Layers that have an input of their own to solve for. */
const solved: ReadonlySet<Layer['op']['kind']> = new Set([
  'conv',
  'convTranspose',
  'separableConv',
  'dense',
  'embedding',
  'attention',
  'recurrent',
]);

export function outputKnowledge(graph: ModelGraph, consumers: Consumers): OutputKnowledge {
  const outputs = new Set(graph.outputs.map(edge => edge.layer));
  const reading = { graph, outputsRead: outputsRead(graph) };
  const spelledOut = spelledOutFunctions(graph);
  const known = new Map<number, Knowledge>();
  for (let id = graph.layers.length - 1; id >= 0; id--) {
    const layer = graph.layers[id]!;
    let best: Knowledge | undefined = outputs.has(id) ? atLoss(layer) : undefined;
    for (const reader of new Set(consumers.get(id) ?? [])) {
      const next = graph.layers[reader];
      best = better(best, next && knownThrough(reading, layer, next, known));
    }
    for (const value of spelledOut.get(id) ?? []) best = better(best, throughFunctionOfItself(known.get(value)));
    known.set(id, throughActivation(layer, layer.activation, best ?? unread));
  }
  return known;
}

function better(a: Knowledge | undefined, b: Knowledge | undefined): Knowledge | undefined {
  return b && (!a || worth(b) > worth(a)) ? b : a;
}

function throughFunctionOfItself(behind: Knowledge | undefined): Knowledge | undefined {
  if (!behind || behind.unknown !== undefined || behind.averages || behind.sums) return undefined;
  return assuming(
    behind,
    'of the arguments to which a function written out in parts gives one value the right one is taken',
  );
}

const combining: ReadonlySet<string> = new Set(['add', 'subtract', 'multiply', 'divide', 'maximum', 'minimum']);

/** Merges all of whose branches are functions of one tensor, entry by entry (x·σ(x), relu(x) − a·relu(−x)), by that tensor's layer. */
function spelledOutFunctions(graph: ModelGraph): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (const { id, op, inputs } of graph.layers) {
    if (op.kind !== 'merge' || !combining.has(op.merge)) continue;
    const roots = new Set(inputs.map(edge => rootOf(graph, edge.layer)).filter(root => root !== null));
    const [root] = roots;
    if (roots.size !== 1 || root === undefined) continue;
    const known = found.get(root);
    if (known) known.push(id);
    else found.set(root, [id]);
  }
  return found;
}

/** Elementwise operations that a branch is followed back through. */
const mostSteps = 20;

/** The tensor that a chain of elementwise operations starts from; null for constants. */
function rootOf(graph: ModelGraph, from: number): number | null {
  let id = from;
  for (let step = 0; step < mostSteps; step++) {
    const layer = graph.layers[id];
    const before = layer?.inputs[0];
    if (layer?.op.kind === 'constant') return null;
    if (!before || !layer || !isEntryByEntry(layer)) break;
    id = before.layer;
  }
  return id;
}

const unread: Knowledge = { ...whole, unknown: 'no output of the model depends on it' };

/** Softmax and cross-entropy give p − y, and with the label p; logits follow up to a common offset, which changes no class. */
function atLoss(layer: Layer): Knowledge {
  const name = layer.op.kind === 'activation' ? layer.op.activation.name : layer.activation?.name;
  const isProbability = name === 'softmax' || name === 'logSoftmax';
  return isProbability ? { ...whole, assumptions: ['the label is known, so that the loss gives the output'] } : whole;
}

function knownThrough(
  reading: Reading,
  layer: Layer,
  next: Layer,
  known: ReadonlyMap<number, Knowledge>,
): Knowledge | undefined {
  if (solved.has(next.op.kind)) return whole;
  const behind = known.get(next.id);
  return behind && seenThrough(reading, layer, next, behind);
}

function outputsRead(graph: ModelGraph): Map<number, Set<number>> {
  const read = new Map<number, Set<number>>();
  for (const edge of [...graph.layers.flatMap(layer => layer.inputs), ...graph.outputs]) {
    const outputs = read.get(edge.layer);
    if (outputs) outputs.add(edge.output);
    else read.set(edge.layer, new Set([edge.output]));
  }
  return read;
}
