import { lstatSync, unlinkSync } from 'node:fs';
import { DreamError, type ErrorCode, systemCodeOf } from '../../../core/errors.ts';
import type { SharedLock } from '../../../core/shared-lock.ts';
import { conditionalFields, evaluatePreconditions, type Validators } from '../../../http/conditional.ts';
import type { RequestHead } from '../../../http/head.ts';
import { HeaderList } from '../../../http/header-list.ts';
import { Response } from '../../../http/response.ts';
import type { Exchange } from '../../../pipeline/exchange.ts';
import type { ErrorPages } from '../error-pages.ts';
import { filePathOf } from '../file-path.ts';
import type { FileStore } from '../file-store.ts';
import { withoutPrefix } from '../lookup.ts';
import type { StaticOptions } from '../schema.ts';
import { type CurrentFile, currentFile } from './current-file.ts';
import { OpenDirectory } from './open-directory.ts';
import type { WriteOptions } from './schema.ts';
import { hasToken, readTokens } from './tokens.ts';
import { Upload } from './upload.ts';

/** What writing needs of the site around it. */
export interface WriteDeps {
  readonly files: FileStore;
  readonly errors: ErrorPages;
  /** Held while a condition is looked at and what it allows is done; shared by all threads that write to the root. */
  readonly lock: SharedLock;
}

const CHALLENGE = 'Bearer realm="files"';
/** RFC 6750 §3.1 */
const WRONG_TOKEN = `${CHALLENGE}, error="invalid_token"`;

/** PUT and DELETE of the files below a root (RFC 9110 §9.3.4, §9.3.5), for those who have a token. */
export class Writes {
  readonly #site: StaticOptions;
  readonly #options: WriteOptions;
  readonly #deps: WriteDeps;

  constructor(site: StaticOptions, options: WriteOptions, deps: WriteDeps) {
    this.#site = site;
    this.#options = options;
    this.#deps = deps;
  }

  get methods(): readonly string[] {
    return this.#options.methods;
  }

  /** Answer a request of one of the methods. Nothing of its body is asked for before it is clear that it is wanted. */
  async answer(exchange: Exchange): Promise<Response> {
    const { errors, files } = this.#deps;
    try {
      const challenge = this.#challenge(exchange.request);
      if (challenge !== undefined) {
        const headers = ['WWW-Authenticate', challenge];
        return await errors.answer(exchange, 'request.unauthorized', { headers });
      }
      const isPut = exchange.request.method === 'PUT';
      const answer = await (isPut ? this.#put(exchange) : this.#remove(exchange.request));
      files.changed();
      return answer;
    } catch (error) {
      const code = meaningOf(error);
      // Which codings would do (RFC 9110 §12.5.3).
      const headers = code === 'static.coded' ? ['Accept-Encoding', 'identity'] : undefined;
      return errors.answer(exchange, code, { cause: causeOf(error, code), headers });
    }
  }

  /** What an answer of 401 asks for; undefined where the request has it. The file is read for each: a token that is taken out is refused. */
  #challenge({ headers }: RequestHead): string | undefined {
    const known = hasToken(headers, this.#tokens());
    if (known === undefined) return CHALLENGE;
    return known ? undefined : WRONG_TOKEN;
  }

  #tokens(): Buffer[] {
    try {
      return readTokens(this.#options.tokens);
    } catch (error) {
      throw new DreamError('static.tokens-unreadable', undefined, { cause: error });
    }
  }

  async #put({ request, body }: Exchange): Promise<Response> {
    const { maxSize } = this.#options;
    const { headers } = request;
    // A part would replace the whole (RFC 9110 §14.5).
    if (headers.has('content-range')) throw new DreamError('static.partial');
    const coding = headers.getList('content-encoding');
    if (coding !== undefined && coding.toLowerCase() !== 'identity') throw new DreamError('static.coded');
    if (body.length !== undefined && body.length > maxSize) throw new DreamError('static.too-large');
    const { directory, entry } = this.#locate(request.path);
    if (directory === undefined) throw new DreamError('static.no-directory');
    try {
      allowed(request, directory.at(entry));
      const upload = await Upload.receive(body, directory, maxSize);
      const { validators, replaced } = this.#commit(upload, directory, entry, request);
      await directory.sync();
      const fields = HeaderList.of('ETag', validators.etag, 'Last-Modified', validators.lastModified);
      return new Response(replaced ? 204 : 201, fields);
    } finally {
      directory.close();
    }
  }

  /**
   * Put what was received in its place. Others may have been there while it came, so the conditions are looked at again,
   * while nobody else can be between that and the renaming.
   */
  #commit(
    upload: Upload,
    directory: OpenDirectory,
    entry: string,
    request: RequestHead,
  ): { readonly validators: Validators; readonly replaced: boolean } {
    const { lock } = this.#deps;
    const path = directory.at(entry);
    try {
      const { validators } = upload;
      lock.acquire();
      try {
        if (!directory.isWithinRoot()) throw new DreamError('static.no-directory');
        const current = allowed(request, path);
        upload.commit(path, current?.mode);
        return { validators, replaced: current !== undefined };
      } finally {
        lock.release();
      }
    } catch (error) {
      upload.discard();
      throw error;
    }
  }

  async #remove(request: RequestHead): Promise<Response> {
    const { lock } = this.#deps;
    const { directory, entry } = this.#locate(request.path);
    if (directory === undefined) throw new DreamError('request.not-found');
    try {
      const path = directory.at(entry);
      lock.acquire();
      try {
        const isThere = directory.isWithinRoot() && lstatSync(path, { throwIfNoEntry: false }) !== undefined;
        // Conditions are for what would be done without them (RFC 9110 §13.2.1).
        if (!isThere) throw new DreamError('request.not-found');
        allowed(request, path);
        unlinkSync(path);
      } finally {
        lock.release();
      }
      await directory.sync();
      return new Response(204);
    } finally {
      directory.close();
    }
  }

  /** The directory that a path's last segment is an entry of; undefined where there is none that may be written to. */
  #locate(path: string): { readonly directory: OpenDirectory | undefined; readonly entry: string } {
    const { stripPrefix, dotfiles } = this.#site;
    const below = stripPrefix === undefined ? path : withoutPrefix(path, stripPrefix);
    const { name, refused } = filePathOf(below === '' ? '/' : below, dotfiles);
    if (refused !== undefined) throw new DreamError(refused);
    if (name.endsWith('/')) throw new DreamError('static.no-file');
    const slash = name.lastIndexOf('/');
    return { directory: this.#open(name.slice(0, slash)), entry: name.slice(slash + 1) };
  }

  #open(name: string): OpenDirectory | undefined {
    try {
      return OpenDirectory.open(this.#site, name);
    } catch (error) {
      if (meaningOf(error) === 'static.no-directory') return undefined;
      throw error;
    }
  }
}

/** The file that is there, where the request may replace or remove it; undefined where there is none. Throws a `DreamError`. */
function allowed({ method, headers }: RequestHead, path: string): CurrentFile | undefined {
  const conditional = conditionalFields(headers);
  const current = currentFile(path, conditional !== 0);
  if (current === 'no-file') throw new DreamError('static.no-file');
  if (current === 'absent') {
    // No tag is the tag of nothing, and `*` says that there has to be something (RFC 9110 §13.1.1).
    if (headers.has('if-match')) throw new DreamError('request.precondition-failed');
    return undefined;
  }
  const { validators } = current;
  if (validators !== undefined && evaluatePreconditions(method, headers, validators) !== 'proceed') {
    throw new DreamError('request.precondition-failed');
  }
  return current;
}

/** What the operator has to know of a failure, for the log. */
function causeOf(error: unknown, code: ErrorCode): string | undefined {
  if (code === 'static.tokens-unreadable') {
    const { cause } = (error as DreamError).cause as Error;
    return (cause as NodeJS.ErrnoException | undefined)?.code ?? 'unfit';
  }
  return code === 'static.unwritable' || code === 'static.no-space'
    ? (error as NodeJS.ErrnoException).code
    : systemCodeOf(error);
}

/** What a failure means for the client. */
function meaningOf(error: unknown): ErrorCode {
  if (error instanceof DreamError) return error.code;
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'static.no-directory';
    case 'EISDIR':
    case 'ELOOP':
    case 'ENOTEMPTY':
      return 'static.no-file';
    case 'ENAMETOOLONG':
      return 'request.malformed-path';
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return 'static.no-space';
    case undefined:
      throw error;
    default:
      return 'static.unwritable';
  }
}
