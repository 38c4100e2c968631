// A server of Node's package ws that sends to all clients what one of them says.
import { WebSocketServer, WebSocket } from 'ws';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/live', perMessageDeflate: false });
server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (message, isBinary) => {
    for (const client of server.clients) {
      if (client.readyState === WebSocket.OPEN) {
        client.send(message, { binary: isBinary });
      }
    }
  });
});
server.on('listening', () => console.log(`listening ${server.address().port}`));
