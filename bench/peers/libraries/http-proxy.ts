import httpProxy from 'http-proxy';

import { serve, unreachable } from './proxy-server.ts';

serve((agent) => {
  const proxy = httpProxy.createProxyServer({ agent, xfwd: true });
  return (request, response, target) => proxy.web(request, response, { target }, () => unreachable(response));
});
