import type { RecurrentOp } from '../../../src-analysis/model/graph.ts';
import { reshape, sliceAxis } from '../../ir/arrange.ts';
import { add } from '../../ir/elementwise.ts';
import type { Node } from '../../ir/graph.ts';
import { NotSupported } from '../value.ts';
import type { LayerContext } from './context.ts';

/** The kernels of one direction, those of all gates side by side. */
export interface Kernels {
  /** [F, g·U], or its transpose. */
  readonly kernel: Node;
  /** [U, g·U], or its transpose. */
  readonly recurrentKernel: Node;
  readonly transposed: boolean;
  /** [g·U], added to the product with the input. */
  readonly bias: Node | undefined;
  /** [g·U], added to the product with the state: only where the reset gate comes behind it. */
  readonly recurrentBias: Node | undefined;
  readonly units: number;
  /** Where each gate stands among those side by side, by its letter. */
  readonly order: string;
}

/** Gates as TensorFlow.js has them: update, reset, candidate h; input, forget, candidate c, output. */
const tfjsOrder = { simple: 'h', gru: 'zrh', lstm: 'ifco' } as const;
/** Gates as the ONNX specification has them. */
const onnxOrder = { simple: 'h', gru: 'zrh', lstm: 'iofc' } as const;

type CellKind = keyof typeof tfjsOrder;

export function tfjsKernels({ layer, parameters }: LayerContext, op: RecurrentOp, direction: number): Kernels {
  const prefix = op.bidirectional ? ['forward.', 'backward.'][direction]! : '';
  // In the order of the source: gradients are told in the order of first use.
  const kernel = parameters.need(layer, `${prefix}kernel`);
  const recurrentKernel = parameters.need(layer, `${prefix}recurrentKernel`);
  return {
    kernel,
    recurrentKernel,
    transposed: false,
    bias: parameters.find(layer, `${prefix}bias`),
    recurrentBias: undefined,
    units: recurrentKernel.shape[0]!,
    order: tfjsOrder[op.cell as CellKind],
  };
}

/** Of W [directions, g·U, F], R [directions, g·U, U] and B [directions, 2·g·U]: input's biases, then the state's. */
export function onnxKernels({ layer, parameters }: LayerContext, op: RecurrentOp, direction: number): Kernels {
  const of = (node: Node) => reshape(sliceAxis(node, 0, direction, direction + 1), node.shape.slice(1));
  const kernel = of(parameters.need(layer, 'kernel'));
  const recurrentKernel = of(parameters.need(layer, 'recurrentKernel'));
  const [width, units] = recurrentKernel.shape as [number, number];
  const order = onnxOrder[op.cell as CellKind];
  if (width !== units * order.length)
    throw new NotSupported(`Its recurrent kernel is no ${order.length} gates' kernel.`);
  const both = parameters.find(layer, 'bias');
  const biases = both && of(both);
  const [ofInput, ofState] = biases ? [sliceAxis(biases, 0, 0, width), sliceAxis(biases, 0, width, 2 * width)] : [];
  return {
    kernel,
    recurrentKernel,
    transposed: true,
    bias: ofInput && ofState && !op.resetAfter ? add(ofInput, ofState) : ofInput,
    recurrentBias: op.resetAfter ? ofState : undefined,
    units,
    order,
  };
}
