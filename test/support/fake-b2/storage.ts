import { createHash, randomUUID } from 'node:crypto';
import { badRequest } from './protocol.ts';

export interface Version {
  readonly fileId: string;
  readonly bucketId: string;
  readonly fileName: string;
  action: 'upload' | 'start' | 'hide';
  readonly contentType: string;
  readonly fileInfo: Record<string, string>;
  content: Buffer;
  contentLength: number;
  contentSha1: string | null;
  uploadTimestamp: number;
  readonly parts: Map<number, { sha1: string; size: number; content: Buffer }>;
}

type NewVersion = Pick<Version, 'bucketId' | 'fileName' | 'action' | 'contentType' | 'fileInfo'>;

/** Versions of files. @param keeps false: sizes and hashes are kept, content is not */
export function openStorage(minimumPart: number, keeps: boolean) {
  let versions: Version[] = [];
  let clock = 0;

  /** Times are unique, so that versions have an order. */
  function now(): number {
    clock = Math.max(clock + 1, Date.now());
    return clock;
  }

  function add(version: NewVersion): Version {
    const fresh = { content: Buffer.alloc(0), contentLength: 0, contentSha1: null, parts: new Map() };
    const made = { ...version, ...fresh, fileId: `4_z_${randomUUID()}`, uploadTimestamp: now() };
    versions.push(made);
    return made;
  }

  function large(fileId: string): Version {
    const found = versions.find((version) => version.fileId === fileId && version.action === 'start');
    if (!found) throw badRequest(`No active upload for: ${fileId}`);
    return found;
  }

  return {
    add,
    large,
    all: (): readonly Version[] => versions,
    /** Sorted by name, then newest version first. */
    sorted: (bucketId: string, prefix: string) =>
      versions
        .filter((version) => version.bucketId === bucketId && version.fileName.startsWith(prefix))
        .sort(
          (a, b) =>
            Buffer.compare(Buffer.from(a.fileName), Buffer.from(b.fileName)) || b.uploadTimestamp - a.uploadTimestamp,
        ),
    upload(version: Omit<NewVersion, 'action'>, content: Buffer): Version {
      const made = add({ ...version, action: 'upload' });
      made.content = keeps ? content : Buffer.alloc(0);
      made.contentLength = content.length;
      made.contentSha1 = sha1(content);
      return made;
    },
    uploadPart(fileId: string, number: number, content: Buffer): string {
      const part = { sha1: sha1(content), size: content.length, content: keeps ? content : Buffer.alloc(0) };
      large(fileId).parts.set(number, part);
      return part.sha1;
    },
    finish(fileId: string, sha1s: readonly string[]): Version {
      const file = large(fileId);
      const parts = [...file.parts].sort(([a], [b]) => a - b);
      if (parts.length < 2) throw badRequest('Large files must have at least 2 parts');
      if (parts.some(([number], index) => number !== index + 1)) throw badRequest('Part numbers must be contiguous');
      if (sha1s.length !== parts.length || parts.some(([, part], index) => part.sha1 !== sha1s[index]))
        throw badRequest('partSha1Array does not match the parts');
      if (parts.slice(0, -1).some(([, { size }]) => size < minimumPart)) throw badRequest('Part is too small');
      file.action = 'upload';
      file.content = Buffer.concat(parts.map(([, { content }]) => content));
      file.contentLength = parts.reduce((all, [, { size }]) => all + size, 0);
      file.parts.clear();
      return file;
    },
    remove(fileId: string) {
      versions = versions.filter((version) => version.fileId !== fileId);
    },
  };
}

export const sha1 = (content: Buffer): string => createHash('sha1').update(content).digest('hex');
export type Storage = ReturnType<typeof openStorage>;
