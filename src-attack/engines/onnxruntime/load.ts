import type { InferenceSession } from 'onnxruntime-common';
import type { Engine, EngineInfo, Precision } from '../engine.ts';
import { createOnnxEngine } from './engine.ts';

/*
 * Engines on ONNX Runtime. The libraries are loaded when an engine is made, in the attack process only. Each function
 * rejects with the library's own message where it, or the device, is missing.
 */

const graphOptions: InferenceSession.SessionOptions = {
  graphOptimizationLevel: 'all',
  executionMode: 'sequential',
  // Errors reach the user through rejections; here and below the library's own log is off.
  logSeverityLevel: 4,
};

/** ONNX Runtime's CPU kernels. One thread unless told: on a busy machine more of them only spin. */
export async function loadOnnxCpu(threads = 1): Promise<Engine> {
  return loadNative('onnxruntime-cpu', 'cpu', 'CPU', threads, ['float32', 'float64']);
}

/** The GPU through WebGPU (Vulkan, Direct3D 12 or Metal); its provider is inside onnxruntime-node's package. */
export async function loadOnnxWebGpu(): Promise<Engine> {
  return loadNative('onnxruntime-webgpu', 'webgpu', 'GPU (WebGPU)', 1, ['float32']);
}

/** An NVIDIA GPU, where CUDA and onnxruntime-node's CUDA provider library are installed. */
export async function loadOnnxCuda(): Promise<Engine> {
  return loadNative('onnxruntime-cuda', 'cuda', 'GPU (CUDA)', 1, ['float32']);
}

/** ONNX Runtime compiled to WebAssembly: slower, and runs wherever Node does. */
export async function loadOnnxWasm(): Promise<Engine> {
  const runtime = await import('onnxruntime-web');
  // More threads would need workers that outlive a killed run.
  runtime.env.wasm.numThreads = 1;
  const info = describe('onnxruntime-wasm', 'CPU (WebAssembly)', 1, runtime.env.versions.web, ['float32', 'float64']);
  return createOnnxEngine(runtime, info, { ...graphOptions, executionProviders: ['wasm'] });
}

async function loadNative(
  name: string,
  provider: string,
  device: string,
  threads: number,
  precisions: readonly Precision[],
): Promise<Engine> {
  const runtime = await import('onnxruntime-node');
  runtime.env.logLevel = 'fatal';
  if (!runtime.listSupportedBackends().some(backend => backend.name === provider)) {
    throw new Error(`onnxruntime-node has no ${provider} provider on this platform.`);
  }
  const info = describe(name, device, threads, runtime.env.versions.node, precisions);
  return createOnnxEngine(runtime, info, {
    ...graphOptions,
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
}

function describe(
  name: string,
  device: string,
  threads: number,
  version: string | undefined,
  precisions: readonly Precision[],
): EngineInfo {
  return { name, device, threads, version: version ?? 'unknown', precisions };
}
