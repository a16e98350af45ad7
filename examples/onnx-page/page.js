import { tangentKernel } from 'ntkit/ntk';
import { parseOnnx } from 'ntkit/onnx';
import { Generator } from 'ntkit/tensor';

// Θ of a dropped model on eight standard normal samples. Nothing leaves the page.

const SAMPLES = 8;
const [drop, status, table] = ['drop', 'status', 'kernel'].map((id) => document.getElementById(id));

/** @param {File} file */
async function show(file) {
  status.textContent = `${file.name}: computing …`;
  table.replaceChildren();
  try {
    const network = parseOnnx(new Uint8Array(await file.arrayBuffer()), file.name);
    const sample = network.inputs[0].shape.slice(1);
    const batch = new Generator(0).normals([SAMPLES, ...sample]);
    const { kernel, parameters } = await tangentKernel(network, batch, { outputs: 'sum' });
    for (let i = 0; i < SAMPLES; i++) {
      const row = table.insertRow();
      for (const value of kernel.data.subarray(i * SAMPLES, (i + 1) * SAMPLES)) {
        row.insertCell().textContent = value.toPrecision(4);
      }
    }
    status.textContent = `${file.name}: Θ of ${SAMPLES} samples over ${parameters.used} parameters`;
  } catch (error) {
    status.textContent = error.message; // one line that says what is wrong
  }
}

drop.addEventListener('dragover', (event) => event.preventDefault());
drop.addEventListener('drop', (event) => {
  event.preventDefault();
  void show(event.dataTransfer.files[0]);
});
drop.querySelector('input').addEventListener('change', ({ target }) => void show(target.files[0]));
