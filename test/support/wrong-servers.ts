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

/** Ports on which something other than a store answers. Call these where `afterAll` is allowed. */
export const wrongServers = {
  http: () => listen(createHttpServer((_, response) => response.end('hello'))),
  /** Accepts connections and sends nothing. */
  silent: () => listen(createServer(() => {})),
  /** Sends a greeting of another protocol. */
  mail: () => listen(createServer((socket) => socket.write('220 mail.example.org ESMTP\r\n'))),
  /** Accepts and closes connections. */
  rude: () => listen(createServer((socket) => socket.destroy())),
  /** Nothing listens on port 2. A port that was just free may soon belong to another process. */
  nothing: () => 2,
};
