// Types for the options that are used; the package has none.
declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  type Properties = Record<string, unknown>;
  type Component = (properties: Properties) => unknown;
  interface System {
    React: {
      createElement(component: Component | string, properties: Properties | null, ...children: unknown[]): unknown;
    };
  }
  export type Plugin = () => {
    wrapComponents: Record<string, (original: Component, system: System) => Component>;
  };
  export default function SwaggerUI(options: {
    url: string;
    domNode: Element | null;
    deepLinking: boolean;
    defaultModelsExpandDepth: number;
    displayRequestDuration: boolean;
    plugins: Plugin[];
    validatorUrl: null;
  }): void;
}
