import { createProxyServer } from 'httpxy';

import { serve, unreachable } from './proxy-server.ts';

serve((agent) => {
  const proxy = createProxyServer({ agent, xfwd: true });
  proxy.on('error', () => {});
  return (request, response, target) => {
    proxy.web(request, response, { target }).catch(() => unreachable(response));
  };
});
