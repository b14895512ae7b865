/** The first message of a client. */
export const initializeMessage = (protocolVersion: string) => ({
  ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
  params: { protocolVersion, capabilities: {}, clientInfo: { name: 'x', version: '1' } },
});

export const callMessage = (id: number, name: string, given: object) => ({
  ...{ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: given } },
});

/** Messages as they come on standard input; text is sent as it is. */
export const messageLines = (messages: readonly (object | string)[]): string =>
  messages.map((message) => `${typeof message === 'string' ? message : JSON.stringify(message)}\n`).join('');

/** Messages as they were answered. */
// biome-ignore lint/suspicious/noExplicitAny: what a server answers is what the tests look at.
export const parseReplies = (stdout: string): any[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
