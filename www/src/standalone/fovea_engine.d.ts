// The script of the WebAssembly engine, which build_standalone.mjs bundles.
declare module "fovea-engine" {
  import type { EngineFactory } from "fovea";

  const factory: EngineFactory;
  export default factory;
}
