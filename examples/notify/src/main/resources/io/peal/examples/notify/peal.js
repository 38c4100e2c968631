// A WebSocket client that comes back to any replica and misses nothing. Copy it.
//   const live = peal('wss://host/connection/websocket', { token, onState: ({ connected, data, code }) => {} });
//   live.subscribe('news', (data, offset) => {}, ({ recovered }) => {}); // false: some are lost
//   await live.call('publish', { channel: 'news', data: {} });  // or history, rpc
export function peal(url, { token, onState = () => {} } = {}) {
  const channels = new Map(), calls = new Map();
  let socket, ready, closed, timer, patience, id = 0, attempt = 0;

  function open() {
    const ws = socket = new WebSocket(url);
    ws.onopen = () => call('connect', { token }).then(({ data, ping }) => {
      attempt = 0;
      ready = true;
      patience = ping * 1e3 + 1e4;
      watch();
      onState({ connected: true, data });
      channels.forEach(join);
    }).catch(() => ws.close());
    ws.onmessage = event => ws === socket && event.data.split('\n').forEach(line => take(JSON.parse(line)));
    ws.onclose = event => ws === socket && lost(event.code);
  }

  function lost(code) {
    clearTimeout(timer);
    socket = ready = null;
    calls.forEach(call => call.reject(Error('lost')));
    calls.clear();
    onState({ connected: false, code });
    const final = code >= 3500 && code < 4000 || code >= 4500; // else again, not all at once
    if (!closed && !final) timer = setTimeout(open, Math.random() * Math.min(1e4, 200 * 2 ** attempt++));
  }

  function watch() { // for pings
    clearTimeout(timer);
    timer = setTimeout(() => { socket.close(); lost(1006); }, patience);
  }

  function take({ id, error, push, ...result }) {
    const of = channels.get(push?.channel);
    if (id) {
      const { method, resolve, reject } = calls.get(id);
      calls.delete(id);
      error ? reject(Object.assign(Error(error.message), error)) : resolve(result[method]);
    } else if (!push) {
      watch();
      socket.send('{}');
    } else if (of && push.pub?.offset > of.offset) {
      of.offset = push.pub.offset;
      of.onMessage(push.pub.data, of.offset);
    } else if (push.unsubscribe?.code >= 2500 && of) join(of);
  }

  function join(of) {
    const { name: channel, epoch, offset } = of;
    call('subscribe', { channel, epoch, offset, recover: !!epoch }).then(state => {
      if (!state.recovered) of.offset = state.offset;
      of.epoch = state.recoverable ? state.epoch : '';
      of.onJoin(state);
    }, error => error.temporary ? setTimeout(join, 1e3, of) : console.warn(channel, error));
  }

  function call(method, body) {
    return new Promise((resolve, reject) => {
      if (socket?.readyState !== 1) return reject(Error('away'));
      calls.set(++id, { method, resolve, reject });
      socket.send(JSON.stringify({ id, [method]: body }));
    });
  }

  open();
  return {
    call,
    subscribe(name, onMessage, onJoin = () => {}) {
      const of = { name, onMessage, onJoin };
      channels.set(name, of);
      if (ready) join(of);
    },
    close() { closed = true; clearTimeout(timer); socket?.close(); },
  };
}
