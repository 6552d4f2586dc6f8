import type { ModelGraph } from '../../src-analysis/model/graph.ts';
import type { SourceFile } from '../../src-analysis/readers/reader.ts';
import type { Defence } from '../defences/defence.ts';
import { trainingChange } from '../defences/share.ts';
import type { CapturedTensor } from '../gradient/captured.ts';

/** What a simulated attack starts from: everything is read, nothing is computed yet. */
export interface RunSource {
  readonly model: ModelGraph;
  readonly file: SourceFile;
  /** Bytes of a weight file beside model.json. */
  readonly shard: (path: string) => Uint8Array | undefined;
  /** PNG or JPEG files, one or a batch, whose gradient is simulated, or tensors captured from a real training step. */
  readonly example:
    | { readonly kind: 'image'; readonly bytes: Uint8Array | readonly Uint8Array[] }
    | { readonly kind: 'gradient'; readonly tensors: ReadonlyMap<string, CapturedTensor> };
  /**
   * One for every image, in their order; for a captured gradient as many as its batch has examples. null: inferred from
   * the gradient (of one example, if it was captured); for an image, the class that the model itself predicts is taken
   * for the true one.
   */
  readonly label: number | readonly number[] | null;
  readonly preprocess: string;
  readonly seed: number;
  /** What the client does against leakage, in this order. */
  readonly defences?: readonly Defence[];
  /** PNG or JPEG files from which a larger batch takes its neighbours. */
  readonly samples?: () => readonly Uint8Array[];
}

export function imagesOf(example: RunSource['example']): readonly Uint8Array[] {
  if (example.kind === 'gradient') return [];
  return example.bytes instanceof Uint8Array ? [example.bytes] : example.bytes;
}

export function labelsOf({ label }: RunSource): readonly number[] | undefined {
  if (label === null) return undefined;
  return typeof label === 'number' ? [label] : label;
}

/** How many examples the gradient is a mean of. @throws where images, labels and the batch's size do not agree */
export function batchSizeOf(source: RunSource): number {
  const { example, defences = [] } = source;
  const labels = labelsOf(source)?.length;
  const size = trainingChange(defences).batchSize;
  if (example.kind === 'gradient') {
    if (defences.length === 0) return Math.max(1, labels ?? 1);
    throw new Error('A captured gradient is attacked as it is: defences are simulated on the gradient of an image.');
  }
  const images = imagesOf(example).length;
  if (labels !== undefined && labels !== images) {
    throw new Error(
      `${counted(images, 'image')} and ${counted(labels, 'label')} do not agree: give one label for every image, in the same order, or none.`,
    );
  }
  if (size !== undefined && size < images) {
    throw new Error(`A batch of ${size} has no room for ${counted(images, 'image')}: name batch:${images} or more.`);
  }
  return size ?? images;
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
