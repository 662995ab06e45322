"""scikit-learn's networks, trained in C: ``from fastmlp.sklearn import MLPClassifier, MLPRegressor``.

They are scikit-learn's own classes but for the numbers' way through C: same parameters, same draws from the
`RandomState`, same steps, same attributes, warnings and errors. `patch` puts them into an unchanged program.
ModelClassifier and ModelRegressor are estimators around any model of fastmlp's.
"""

from fastmlp._validate import need_package as _need_package

_found = _need_package("fastmlp.sklearn", "sklearn", "scikit-learn", "pip install 'fastmlp[sklearn]'").__version__
if tuple(map(int, _found.split(".")[:2])) < (1, 7):
    raise ImportError(f"fastmlp.sklearn: expected scikit-learn 1.7 or newer, got {_found}; "
                      "pip install 'fastmlp[sklearn]'")  # fmt: skip

from fastmlp.sklearn.estimators import MLPClassifier, MLPRegressor  # noqa: E402 - if there is a scikit-learn
from fastmlp.sklearn.many import fit_many  # noqa: E402
from fastmlp.sklearn.models import ModelClassifier, ModelRegressor  # noqa: E402
from fastmlp.sklearn.patching import patch, unpatch  # noqa: E402

__all__ = ["MLPClassifier", "MLPRegressor", "ModelClassifier", "ModelRegressor", "fit_many", "patch", "unpatch"]

for _named in (MLPClassifier, MLPRegressor, ModelClassifier, ModelRegressor):
    _named.__module__ = __name__  # where pickles look for it, wherever it is written down
