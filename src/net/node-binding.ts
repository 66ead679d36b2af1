/**
 * What Node.js itself works with below its documented modules; undefined where this one does not have it, or forbids it
 * (`--permission`). It may have another form than the one hoped for: whoever asks looks at what is there.
 */
export function nodeBinding(name: string): Readonly<Record<string, unknown>> | undefined {
  const { binding } = process as unknown as { binding?: (name: string) => Record<string, unknown> };
  try {
    return binding?.(name);
  } catch {
    return undefined;
  }
}
