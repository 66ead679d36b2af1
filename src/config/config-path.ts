/** Where in a configuration: keys and places in lists, from the outside in. */
export type ConfigPath = readonly (string | number)[];

/** A path as it is written in JavaScript: `routes[0].proxy.to`. */
export function formatPath(path: ConfigPath): string {
  return path
    .map((key, i) => {
      if (typeof key === 'number') return `[${key}]`;
      return /^[A-Za-z_$][\w$]*$/.test(key) ? (i === 0 ? key : `.${key}`) : `[${JSON.stringify(key)}]`;
    })
    .join('');
}
