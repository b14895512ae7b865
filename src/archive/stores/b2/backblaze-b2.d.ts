/** The parts of `backblaze-b2` 1.7.1 that we use; the package has no types. */
declare module 'backblaze-b2' {
  export interface Reply<T> {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly data: T;
  }

  /** Overrides the library's own settings of the request, member by member. */
  export interface Override {
    readonly axiosOverride: Readonly<Record<string, unknown>>;
  }

  export interface Target {
    readonly uploadUrl: string;
    readonly authorizationToken: string;
  }

  export interface FileVersion {
    readonly fileId: string;
    readonly fileName: string;
    readonly action: 'upload' | 'start' | 'hide' | 'folder';
    readonly contentLength: number;
    readonly contentSha1: string | null;
    readonly fileInfo: Readonly<Record<string, string>>;
    /** Milliseconds since 1970. */
    readonly uploadTimestamp: number;
  }

  export interface Page {
    readonly files: readonly FileVersion[];
    readonly nextFileName?: string | null;
    readonly nextFileId?: string | null;
  }

  interface Upload extends Override {
    readonly uploadUrl: string;
    readonly uploadAuthToken: string;
    readonly data: Buffer;
    readonly hash: string;
  }

  export default class B2 {
    constructor(options: {
      readonly applicationKeyId: string;
      readonly applicationKey: string;
      readonly retry: { readonly retries: number };
    });
    authorizationToken: string | null;
    apiUrl: string | null;
    authorize(options: Override): Promise<Reply<unknown>>;
    getBucket(
      options: Override & { readonly bucketName: string },
    ): Promise<Reply<{ buckets: readonly { bucketId: string; bucketName: string }[] }>>;
    getUploadUrl<T = Target>(options: Override & { readonly bucketId: string }): Promise<Reply<T>>;
    uploadFile(options: Upload & { readonly fileName: string; readonly mime: string }): Promise<Reply<FileVersion>>;
    startLargeFile(
      options: Override & { readonly bucketId: string; readonly fileName: string; readonly contentType: string },
    ): Promise<Reply<{ fileId: string }>>;
    getUploadPartUrl(options: Override & { readonly fileId: string }): Promise<Reply<Target>>;
    uploadPart(options: Upload & { readonly partNumber: number }): Promise<Reply<{ contentSha1: string }>>;
    finishLargeFile(
      options: Override & { readonly fileId: string; readonly partSha1Array: readonly string[] },
    ): Promise<Reply<FileVersion>>;
    cancelLargeFile(options: Override & { readonly fileId: string }): Promise<Reply<unknown>>;
    getFileInfo(options: Override & { readonly fileId: string }): Promise<Reply<FileVersion>>;
    listFileNames(
      options: Override & {
        readonly bucketId: string;
        readonly prefix: string;
        readonly startFileName: string;
        readonly maxFileCount: number;
      },
    ): Promise<Reply<Page>>;
    listFileVersions(
      options: Override & {
        readonly bucketId: string;
        readonly startFileName: string;
        readonly startFileId?: string | undefined;
        readonly maxFileCount: number;
      },
    ): Promise<Reply<Page>>;
    deleteFileVersion(
      options: Override & { readonly fileId: string; readonly fileName: string },
    ): Promise<Reply<unknown>>;
    downloadFileByName(
      options: Override & { readonly bucketName: string; readonly fileName: string; readonly responseType: 'stream' },
    ): Promise<Reply<import('node:stream').Readable>>;
  }
}
