import type { DataFormat, ModelGraph } from '../../src-analysis/model/graph.ts';
import { mapShape, type Refit, refitGraph, spatialOf } from '../../src-analysis/model/refit.ts';

/** Sides are multiples of this where possible, so that the usual five halvings leave no remainder. */
const preferredMultiple = 32;

/**
 * The model with its spatial input shrunk to at most `largest` entries: layers that slide over the picture keep their
 * hyper-parameters and weights; a dense layer behind `flatten` gets fewer inputs, and so a kernel that has to be drawn.
 * The ratio r/n of the twin stands for the model's, as far as the model does the same everywhere in the picture.
 * A pooling window that takes the whole map takes the whole of the twin's. Otherwise the reason why there is none, in a clause.
 */
export function twinOf(graph: ModelGraph, largest: number): Refit {
  const [edge] = graph.inputs;
  const shape = edge && graph.layers[edge.layer]?.outputShapes[edge.output];
  if (!edge || graph.inputs.length > 1 || shape?.length !== 3 || !shape.every(dim => dim !== null)) {
    return { reason: 'only a model with one picture as its input, of known shape, has a smaller twin' };
  }
  const format = inputFormat(graph, edge.layer);
  const [height, width, channels] = spatialOf(shape, format) as readonly [number, number, number];
  const factor = Math.sqrt(largest / (height * width * channels));
  const on = (high: number, wide: number) =>
    refitGraph(graph, new Map([[edge.layer, { outputShapes: [mapShape(high, wide, channels, format)] }]]), {
      wholeMaps: true,
    });
  const twin = on(side(height * factor), side(width * factor));
  if ('graph' in twin) return twin;
  const enough = leastHeight(height, high => 'graph' in on(high, Math.round((width * high) / height)));
  // What stands in the way of nearly the picture itself is no matter of its size.
  if (enough === undefined) {
    const nearly = on(height - 1, width - 1);
    return 'graph' in nearly ? { reason: `${twin.reason} on any picture that is much smaller` } : nearly;
  }
  const least = `${enough} × ${Math.round((width * enough) / height)}`;
  return { reason: `${twin.reason} on so small a picture: about ${least} is the least that it takes` };
}

/** The least height, to within 1/32 of the present one, for which there is a twin; undefined if there is none below the present one. */
function leastHeight(height: number, exists: (height: number) => boolean): number | undefined {
  for (let part = 1; part < preferredMultiple; part++) {
    const tried = Math.ceil((height * part) / preferredMultiple);
    if (exists(tried)) return tried;
  }
  return undefined;
}

function side(length: number): number {
  const rounded = Math.floor(length / preferredMultiple) * preferredMultiple;
  return rounded > 0 ? rounded : Math.floor(length);
}

/** The layout that the first layer with a layout reads the picture in. */
function inputFormat(graph: ModelGraph, input: number): DataFormat {
  const first = graph.layers.find(
    ({ op, inputs }) =>
      (op.kind === 'conv' || op.kind === 'pool' || op.kind === 'separableConv') &&
      inputs.some(edge => edge.layer >= input),
  );
  return first && 'dataFormat' in first.op ? first.op.dataFormat : 'channelsLast';
}
