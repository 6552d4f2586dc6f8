import * as tf from '@tensorflow/tfjs';
import { createHardenedModel } from './hardened-model.ts';
import { createLeakyModel } from './leaky-model.ts';

/** What a client sends to the server in one round. */
interface Update {
  readonly examples: number;
  readonly gradients: Record<string, Float32Array>;
}

/** The update of the tutorials: the plain gradient of one example leaves the device. */
export async function leakyUpdate(image: tf.Tensor4D, label: tf.Tensor2D): Promise<Update> {
  return { examples: 1, gradients: await gradientsOf(createLeakyModel(), image, label) };
}

/**
 * The hardened update: a batch of images, its gradient clipped and noised before it leaves the device. The noise here is
 * for illustration: a privacy guarantee needs clipping per example and an accountant that bounds all rounds together.
 */
export async function hardenedUpdate(images: tf.Tensor4D, labels: tf.Tensor2D): Promise<Update> {
  const gradients = await gradientsOf(createHardenedModel(), images, labels);
  const norm = Math.hypot(...Object.values(gradients).flatMap(values => [...values]));
  const scale = Math.min(1, clippingNorm / norm);
  for (const values of Object.values(gradients)) {
    const noise = await tf.randomNormal([values.length], 0, noiseMultiplier * clippingNorm).data();
    for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) * scale + (noise[i] ?? 0);
  }
  return { examples: images.shape[0], gradients };
}

const clippingNorm = 1;
const noiseMultiplier = 1.1;

async function gradientsOf(
  model: tf.LayersModel,
  images: tf.Tensor4D,
  labels: tf.Tensor2D,
): Promise<Record<string, Float32Array>> {
  const { value, grads } = tf.variableGrads(() => {
    const probabilities = model.apply(images, { training: true }) as tf.Tensor2D;
    return tf.metrics.categoricalCrossentropy(labels, probabilities).mean().asScalar();
  });
  value.dispose();
  const gradients: Record<string, Float32Array> = {};
  for (const [name, gradient] of Object.entries(grads)) gradients[name] = (await gradient.data()) as Float32Array;
  return gradients;
}
