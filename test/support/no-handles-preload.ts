/** Loaded before DreamServer: a Node.js that does not give out what is below its sockets. */
Object.assign(process, {
  binding(name: string): never {
    process.stderr.write(`no ${name}\n`);
    throw new Error(`No such module: ${name}`);
  },
});
