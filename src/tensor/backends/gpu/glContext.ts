/** A context of OpenGL, as far as it is asked for its state. */
export interface GlContext {
  readonly RENDERER: number;
  getParameter(name: number): unknown;
  getExtension(name: string): Record<string, number> | null;
  getError(): number;
  isContextLost(): boolean;
}

/** Whether a renderer is a processor that computes instead of a graphics device. */
export function isSoftware(renderer: string): boolean {
  return /llvmpipe|softpipe|swiftshader|swrast|software|basic render/i.test(renderer);
}

/** The renderer of a context. A page reports it by an extension; headless-gl by the class that its own derives from. */
export function rendererOf(context: GlContext): string {
  const extension = context.getExtension('WEBGL_debug_renderer_info');
  if (extension) return String(context.getParameter(extension.UNMASKED_RENDERER_WEBGL));
  let name = String(context.getParameter(context.RENDERER));
  for (let type: object | null = context; type !== null; type = Object.getPrototypeOf(type) as object | null) {
    const own = Object.getOwnPropertyDescriptor(type, 'getParameter');
    if (own) name = String((own.value as GlContext['getParameter']).call(context, context.RENDERER));
  }
  return name;
}
