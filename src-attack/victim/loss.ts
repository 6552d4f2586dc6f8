import type { Activation } from '../../src-analysis/model/graph.ts';
import { reshape } from '../ir/arrange.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { binaryCrossEntropy, crossEntropy, meanSquaredError } from '../ir/loss.ts';
import { NotSupported } from './value.ts';
import type { Victim, VictimLoss } from './victim.ts';

/** What went into a softmax or sigmoid. */
export interface Logits {
  readonly activation: Activation['name'];
  readonly before: Node;
}

/**
 * The loss on a model's output. Cross-entropies are computed from logits: a softmax (cross-entropy) or sigmoid (bce) at
 * the end of the model is part of the loss, as training frameworks have it; a model without one is taken to give logits.
 */
export function attachLoss(
  graph: Graph,
  output: Node,
  known: ReadonlyMap<Node, Logits>,
  loss: VictimLoss,
  assume: (sentence: string) => void,
): Pick<Victim, 'y' | 'logits' | 'loss'> {
  if (loss === 'mse') {
    const y = graph.input('y', output.shape);
    return { y, logits: output, loss: meanSquaredError(output, y) };
  }
  // A flattening may stand between the activation and the end of the model.
  const final = known.get(output) ?? (output.operation.kind === 'reshape' ? known.get(output.inputs[0]!) : undefined);
  const expected = loss === 'bce' ? ['sigmoid'] : ['softmax', 'logSoftmax'];
  if (!final) assume('The output of the model is taken for logits.');
  else if (!expected.includes(final.activation)) {
    assume(`The output of the final ${final.activation} is taken for logits.`);
  }
  const raw = final && expected.includes(final.activation) ? reshape(final.before, output.shape) : output;
  const logits = loss === 'bce' ? raw : classesLast(raw);
  const y = graph.input('y', logits.shape);
  return { y, logits, loss: loss === 'bce' ? binaryCrossEntropy(logits, y) : crossEntropy(logits, y) };
}

/** [B, classes], from an output that may have axes of length 1 as well. */
function classesLast(output: Node): Node {
  const batch = output.shape[0]!;
  const classes = output.shape.slice(1).filter(dim => dim !== 1);
  if (classes.length > 1) {
    throw new NotSupported(
      `The output is [${output.shape.join(', ')}]; cross-entropy wants one row of classes a sample.`,
    );
  }
  return reshape(output, [batch, classes[0] ?? 1]);
}
