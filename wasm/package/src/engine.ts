// The C interface of wasm/bindings.cpp and wasm/training.cpp, and its start. The caller provides the content of the .wasm file, so this works
// in a page, in a Worker and in Node.

export interface Abi {
  HEAPU8: Uint8Array;
  wasmMemory?: WebAssembly.Memory; // in the build with threads
  _malloc(size: number): number;
  _free(pointer: number): void;
  _fv_engine(threads: number): number;
  _fv_load(bytes: number, size: number): number;
  _fv_info(handle: number): number;
  _fv_predict(
    handle: number,
    bytes: number,
    size: number,
    sizes: number,
    count: number,
    out: number,
    n: number,
    milliseconds: number,
    distances: number,
  ): number;
  _fv_explain(handle: number, bytes: number, size: number, label: number, out: number, capacity: number): number;
  _fv_failure(handle: number, i: number): number;
  _fv_free(handle: number): void;
  _fv_last_error(): number;
  _fv_backbone(bytes: number, size: number): number;
  _fv_backbone_info(handle: number): number;
  _fv_features(
    handle: number,
    bytes: number,
    size: number,
    sizes: number,
    count: number,
    features: number,
    width: number,
    hashes: number,
  ): number;
  _fv_features_failure(handle: number, i: number): number;
  _fv_train(
    handle: number,
    features: number,
    width: number,
    hashes: number,
    labels: number,
    count: number,
    request: number,
  ): number;
  _fv_trained_file(handle: number, half: number, size: number): number;
  _fv_backbone_free(handle: number): void;
  onProgress?: ((fraction: number) => boolean | undefined) | undefined; // called by fv_train(); false stops it
  UTF8ToString(pointer: number): string;
}

// The default export of fovea.js and fovea_threads.js.
export type EngineFactory = (options: {
  wasmBinary: Uint8Array;
  threads?: number;
  mainScriptUrlOrBlob?: string;
  locateFile?: (name: string) => string;
}) => Promise<Abi>;

// Properties of the running engine.
export interface EngineInfo {
  simd_bits: number; // width of the vector instructions; 0: none
  threads: number; // threads that share the images of a call
  kernels: string; // the selected convolution kernels
}

export interface Engine {
  abi: Abi;
  info: EngineInfo;
}

// Needed by the build with threads: each thread is a Worker that loads both scripts.
export interface Threads {
  count: number; // including the calling thread
  glue: string; // URL of fovea_threads.js
  worker: string; // URL of fovea_threads.worker.js
}

export async function startEngine(factory: EngineFactory, wasm: Uint8Array, threads?: Threads): Promise<Engine> {
  const abi = await factory(
    threads === undefined
      ? { wasmBinary: wasm }
      : {
          wasmBinary: wasm,
          threads: threads.count,
          mainScriptUrlOrBlob: threads.glue,
          locateFile: (name) => (name.endsWith(".worker.js") ? threads.worker : name),
        },
  );
  const text = abi._fv_engine(threads?.count ?? 1);
  if (text === 0) throw failure(abi);
  return { abi, info: JSON.parse(abi.UTF8ToString(text)) as EngineInfo };
}

export const failure = (abi: Abi): Error => new Error(abi.UTF8ToString(abi._fv_last_error()));

// The current memory of the engine. Growing creates a new buffer, and HEAPU8 is not updated when another thread grows
// the memory.
export const memory = (abi: Abi): ArrayBufferLike => abi.wasmMemory?.buffer ?? abi.HEAPU8.buffer;

// Copies bytes into the memory of the engine and calls `body` with their address.
export const withBytes = <T>(abi: Abi, bytes: Uint8Array, body: (address: number) => T): T =>
  withBlock(abi, bytes.length, (address) => {
    new Uint8Array(memory(abi)).set(bytes, address);
    return body(address);
  });

export const totalSize = (files: readonly Uint8Array[]): number => files.reduce((sum, { length }) => sum + length, 0);

// Writes the sizes (uint32) and, one after another, the contents of files to two addresses.
export function writeFiles(abi: Abi, files: readonly Uint8Array[], sizes: number, contents: number): void {
  new Uint32Array(memory(abi), sizes, files.length).set(files.map(({ length }) => length));
  const target = new Uint8Array(memory(abi), contents, totalSize(files));
  let offset = 0;
  for (const file of files) {
    target.set(file, offset);
    offset += file.length;
  }
}

// Allocates `size` bytes in the memory of the engine, aligned for every type, calls `body` and frees them.
export function withBlock<T>(abi: Abi, size: number, body: (pointer: number) => T): T {
  const pointer = abi._malloc(Math.max(size, 1));
  if (pointer === 0) throw new Error("out of memory");
  try {
    return body(pointer);
  } finally {
    abi._free(pointer);
  }
}
