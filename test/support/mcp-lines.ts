/** The first message of a client. */
export const initializeMessage = (protocolVersion: string) => ({
  ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
  params: { protocolVersion, capabilities: {}, clientInfo: { name: 'x', version: '1' } },
});

export const callMessage = (id: number, name: string, given: object) => ({
  ...{ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: given } },
});

/** Messages as lines for stdin; text is sent unchanged. */
export const messageLines = (messages: readonly (object | string)[]): string =>
  messages.map((message) => `${typeof message === 'string' ? message : JSON.stringify(message)}\n`).join('');

/** Parses the replies on stdout. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at any shape of answer
export const parseReplies = (stdout: string): any[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
