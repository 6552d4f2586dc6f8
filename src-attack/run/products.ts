import type { Engine } from '../engines/engine.ts';
import { loadOnnxCpu, loadOnnxWasm } from '../engines/onnxruntime/load.ts';
import { engineProducts } from '../linear-algebra/engine-products.ts';
import { type MatrixProducts, plainProducts } from '../linear-algebra/products.ts';

/**
 * Float64 matrix products: by the engine itself, or for one that has only float32 (TensorFlow.js, GPUs) by ONNX Runtime,
 * since in plain JavaScript they take longer than everything else together.
 */
export async function productsFor(
  engine: Engine,
): Promise<{ products: MatrixProducts; assumptions: readonly string[] }> {
  if (engine.info.precisions.includes('float64')) return { products: engineProducts(engine), assumptions: [] };
  for (const load of [loadOnnxCpu, loadOnnxWasm]) {
    try {
      const helper = await load();
      return {
        products: engineProducts(helper),
        assumptions: [`float64 matrix products by ${helper.info.name}, since ${engine.info.name} has float32 only`],
      };
    } catch {
      // The next one, or plain JavaScript.
    }
  }
  return { products: plainProducts, assumptions: ['float64 matrix products in plain JavaScript'] };
}
