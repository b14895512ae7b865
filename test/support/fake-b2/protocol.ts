/** B2's error reply: `{status, code, message}` as JSON. */
export class B2Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const badRequest = (message: string) => new B2Refusal(400, 'bad_request', message);
export const unauthorized = (message: string) => new B2Refusal(401, 'unauthorized', message);

export type Operation =
  | 'authorize_account'
  | 'list_buckets'
  | 'get_upload_url'
  | 'upload_file'
  | 'start_large_file'
  | 'get_upload_part_url'
  | 'upload_part'
  | 'finish_large_file'
  | 'cancel_large_file'
  | 'get_file_info'
  | 'list_file_names'
  | 'list_file_versions'
  | 'list_unfinished_large_files'
  | 'delete_file_version'
  | 'hide_file'
  | 'download_file_by_name';

/** B2's rules for names; `name` is decoded. */
export function checkFileName(name: string): void {
  if (name === '' || Buffer.byteLength(name) > 1024) throw badRequest('File names are 1 to 1024 bytes long');
  if (/^\/|\/$|\/\//.test(name)) throw badRequest('File names must not begin or end with / or hold //');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the rule
  if (/[\u0000-\u001f\u007f\\]/.test(name))
    throw badRequest('File names must hold no control characters or backslashes');
  if (name.split('/').some((part) => Buffer.byteLength(part) > 250)) throw badRequest('A part of the name is too long');
}
