import type { Frame } from './cpu-profile.ts';

/** A page that shows the frames one below the other, each as wide as the time it took: a click goes into a frame. */
export function flamePage(title: string, root: Frame): string {
  const data = JSON.stringify(root).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>
  :root { color-scheme: light dark }
  body { font: 12px system-ui, sans-serif; margin: 12px }
  #flame { position: relative }
  #flame button { position: absolute; height: 17px; border: 0; padding: 0 3px; overflow: hidden; white-space: nowrap;
    font: inherit; text-align: left; color: #1f2328; border-radius: 2px; cursor: pointer }
  #flame .found { outline: 2px solid #cf222e; outline-offset: -2px }
</style>
<h1>${title}</h1>
<p>The CPU time of the thread, by functions: callers above what they called. Click on a frame to go into it, on the first to
  come back. <label>Find <input id="find"></label> <output id="said"></output></p>
<div id="flame"></div>
<script>
const root = ${data};
const flame = document.getElementById('flame');
const find = document.getElementById('find');
const said = document.getElementById('said');
const colour = ({ place }) => {
  if (place.startsWith('src/') || place.startsWith('dist/')) return '#ffb77c';
  return place.startsWith('node:') ? '#b6e3ff' : '#d8dee4';
};
const tell = (frame) => {
  const share = (100 * frame.micros / root.micros).toFixed(1) + ' %';
  return share + '  ' + frame.name + '  ' + frame.place;
};
let shown = root;
function draw() {
  flame.replaceChildren();
  let depth = 0;
  const wanted = find.value.toLowerCase();
  const add = (frame, left, level, width) => {
    if (width < 0.05) return;
    depth = Math.max(depth, level);
    const button = document.createElement('button');
    button.textContent = width > 2 ? frame.name : '';
    button.title = tell(frame);
    button.style.cssText = 'left:' + left + '%;width:calc(' + width + '% - 1px);top:' + level * 18 + 'px;background:' + colour(frame);
    if (wanted && (frame.name + frame.place).toLowerCase().includes(wanted)) button.className = 'found';
    button.onmouseenter = button.onfocus = () => { said.textContent = tell(frame); };
    button.onclick = () => { shown = frame === shown ? root : frame; draw(); };
    flame.append(button);
    for (const call of frame.calls) {
      const part = width * call.micros / frame.micros;
      add(call, left, level + 1, part);
      left += part;
    }
  };
  add(shown, 0, 0, 100);
  flame.style.height = (depth + 1) * 18 + 'px';
}
find.oninput = draw;
draw();
</script>
</html>
`;
}
