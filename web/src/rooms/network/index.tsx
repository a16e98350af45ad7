import './style.css';
import { spokenKappa } from '../../ui/conditionNumber.ts';
import { Computing } from '../../ui/computing.tsx';
import { ErrorLine } from '../../ui/errorLine.tsx';
import { failure, fileFailure, inventory, progress, result, retry, stop } from './computing.ts';
import { Contents } from './contents.tsx';
import { Laws } from './lawsPanel.tsx';
import { problem } from './link.ts';
import { KernelPanels } from './kernelPanels.tsx';
import { Opening, Settings } from './settings.tsx';

/** The room *Your network*: what is in a file, its kernel, κ and certificate, and the laws that they obey. */
export default function NetworkRoom() {
  const open = inventory.value;
  return (
    <div class="network">
      <h1>Your network</h1>
      <p class="lead">
        Drop a network to see what is in it, its tangent kernel Θ on a batch, and the condition number κ = λmax/λmin
        with its certificate. The file is read in this tab and never leaves it: there is no server.
      </p>
      <ErrorLine message={problem.value} />
      <div class="room">
        <div class="sides">
          <Opening />
          {open && <Settings open={open} />}
        </div>
        <div class="results">
          <ErrorLine message={fileFailure.value?.message} onRetry={fileFailure.value?.retry} />
          {open ? (
            <Contents open={open} />
          ) : (
            fileFailure.value === undefined && <p aria-busy="true">Opening the network</p>
          )}
          <ErrorLine message={failure.value} onRetry={retry} />
          <Progress />
          {result.value && <KernelPanels result={result.value} />}
          {result.value && <Laws />}
        </div>
      </div>
      <p class="sr-only" role="status">
        {progress.value !== undefined ? 'computing κ' : result.value ? `κ: ${spokenKappa(result.value.ntk)}` : ''}
      </p>
    </div>
  );
}

/** Progress of the Jacobian's rows, and the backend that computed them. */
function Progress() {
  const share = progress.value;
  const done = result.value;
  return (
    <div class="computing">
      {share !== undefined ? (
        // Before the first rows their share is unknown.
        <Computing busy share={share === 0 ? undefined : share} onStop={stop} />
      ) : (
        done && (
          <span class="muted small">
            {done.device}, rows in {done.ntk.dtype}, Θ in float64; {done.seconds.toFixed(2)} s
          </span>
        )
      )}
    </div>
  );
}
