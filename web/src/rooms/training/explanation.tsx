import { Tex } from '../../ui/tex.tsx';

/** What the room shows, for readers who know gradient descent. */
export function Explanation() {
  return (
    <section class="panel wide prose" aria-labelledby="explanation">
      <h2 id="explanation">What you see</h2>
      <div class="columns">
        <div>
          <h3>Training is nearly linear</h3>
          <p>
            Gradient descent changes the weights <Tex>{'\\theta'}</Tex> a little, and the outputs{' '}
            <Tex>{'f=(f(x_1),\\dots,f(x_N))'}</Tex> with them. To first order an output moves by the inner product of
            its gradient with the step. These inner products are the <em>tangent kernel</em>
          </p>
          <Tex block>{'\\Theta_{ij}=\\nabla_\\theta f(x_i)\\cdot\\nabla_\\theta f(x_j).'}</Tex>
          <p>Where the steps are small, the outputs follow an equation of their own:</p>
          <Tex block>{'\\frac{df}{dt}=-\\eta\\,\\Theta\\,(f-y).'}</Tex>
          <p>
            In a wide network every weight moves so little that <Tex>{'\\Theta'}</Tex> hardly changes. Then all of
            training is known before its first step: the dashed curve, computed from <Tex>{'\\Theta'}</Tex> at
            initialisation.
          </p>
        </div>
        <div>
          <h3>Each eigenvector is learned at its own rate</h3>
          <p>
            Along the eigenvector of eigenvalue <Tex>{'\\lambda_i'}</Tex>, a step of learning rate <Tex>{'\\eta'}</Tex>{' '}
            multiplies the residual by the same number each time. After <Tex>{'t'}</Tex> steps this is left
          </p>
          <Tex block>{'r_i(t)=(1-\\eta\\lambda_i)^t\\,r_i(0).'}</Tex>
          <p>
            On a log axis that is a straight line. Large eigenvalues belong to smooth, broad patterns: they are learned
            first, fine detail last. The ratio <Tex>{'\\kappa=\\lambda_{\\max}/\\lambda_{\\min}'}</Tex> says how far
            apart the fastest and the slowest are.
          </p>
        </div>
        <div>
          <h3>The learning rate has a limit</h3>
          <p>
            The residual shrinks only where <Tex>{'|1-\\eta\\lambda_i|<1'}</Tex>, so{' '}
            <Tex>{'\\eta<2/\\lambda_{\\max}'}</Tex>. Beyond the limit the linearised network must diverge. A real
            network often does not, up to twice the limit or more: its weights move to where the kernel is smaller, and
            settle there. Far enough beyond the limit it diverges, too. Move the slider past the mark and train.
          </p>
        </div>
        <div>
          <h3>Things to try</h3>
          <ul>
            <li>Width 16, then 1,024: the network gets closer to the dashed curve, and its weights move less.</li>
            <li>
              Slow and fast waves: the slow wave is learned within ten steps. With relu the fast one takes thousands;
              with erf, whose kernel is smoother, millions.
            </li>
            <li>
              Two groups with a gap: infinitely wide networks agree at the samples and differ between them. The band is
              two standard deviations to either side, over initialisations.
            </li>
            <li>Click the picture to add a sample, click a sample to remove it.</li>
          </ul>
        </div>
      </div>
      <p class="muted small">
        Gradient descent minimises ½ Σ (f − y)² over all samples, in full batches. Weights are drawn from N(0, 1) and
        multiplied by σ/√n in a layer of n inputs (the NTK parametrisation), so that one learning rate fits every width.
        The network trains in float32; kernels are computed in float64. The mean squared error of infinite width is its
        mean over initialisations.
      </p>
    </section>
  );
}
