import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll } from 'vitest';

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Ports on which something else than a store answers; to be called where `afterAll` may be. */
export const wrongServers = {
  http: () => listen(createHttpServer((_, response) => response.end('hello'))),
  /** Accepts and never says a word. */
  silent: () => listen(createServer(() => {})),
  /** Speaks first, and another language. */
  mail: () => listen(createServer((socket) => socket.write('220 mail.example.org ESMTP\r\n'))),
  /** Accepts and hangs up. */
  rude: () => listen(createServer((socket) => socket.destroy())),
  /** Nothing listens there, whereas a port that was free a moment ago may be another process's in the next. */
  nothing: () => 2,
};
