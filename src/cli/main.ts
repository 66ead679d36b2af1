#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// Compiled code is kept on disk, and the worker threads find it there too: it halves the time to start.
const { directory } = enableCompileCache();
if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= directory;

const { main } = await import('./program.ts');
await main(process.argv);
