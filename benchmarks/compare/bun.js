// The same on Bun, whose server keeps the subscriptions.
const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch(request, self) {
    return self.upgrade(request) ? undefined : new Response('a WebSocket is expected', { status: 426 });
  },
  websocket: {
    open(socket) {
      socket.subscribe('all');
    },
    message(socket, message) {
      server.publish('all', message);
    },
  },
});
console.log(`listening ${server.port}`);
