import type { z } from 'zod';
import type { ConfigPath } from './config-path.ts';

/** The keys that may stand in the map at a path, those left out that this version only knows in order to refuse them. */
export function availableKeys(schema: z.core.$ZodType, path: ConfigPath): string[] {
  for (const shape of shapesAt(schema, path)) {
    return Object.keys(shape).filter((key) => !isRefused(shape[key]));
  }
  return [];
}

function* shapesAt(schema: z.core.$ZodType, path: ConfigPath): Generator<z.core.$ZodShape> {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const [key, ...rest] = path;
  switch (def.type) {
    case 'object':
      if (key === undefined) yield def.shape;
      else if (Object.hasOwn(def.shape, key)) yield* shapesAt(def.shape[key], rest);
      break;
    case 'array':
      if (key !== undefined) yield* shapesAt(def.element, rest);
      break;
    case 'record':
      if (key !== undefined) yield* shapesAt(def.valueType, rest);
      break;
    case 'union':
      for (const option of def.options) yield* shapesAt(option, path);
      break;
    case 'optional':
    case 'default':
    case 'prefault':
      yield* shapesAt(def.innerType, path);
      break;
    case 'pipe':
      yield* shapesAt(def.in, path);
      break;
    default:
      break;
  }
}

/** Whether a key leaves nothing to choose: it is planned, and may only be there to say no. */
function isRefused(schema: z.core.$ZodType): boolean {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'optional' || def.type === 'default') return isRefused(def.innerType);
  if (def.type === 'array') return (def.element as z.core.$ZodTypes)._zod.def.type === 'never';
  return def.type === 'literal' && def.values.length === 1;
}
