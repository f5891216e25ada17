// The least that a Go operator does for FaceModels, on controller-runtime as it comes: what the operator of this repository is measured
// against. It watches FaceModels and its Jobs, and makes a Job for each revision of a model that has samples.
package main

import (
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"hash/fnv"
	"os"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

var faceModel = schema.GroupVersionKind{Group: "facehash.dev", Version: "v1alpha1", Kind: "FaceModel"}

type reconciler struct {
	client.Client
	platform string
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	model := &unstructured.Unstructured{}
	model.SetGroupVersionKind(faceModel)
	if err := r.Get(ctx, request.NamespacedName, model); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	// Whoever makes samples says so; a model without is settled. Of those that have some, one of this spec is asked for.
	if _, asked := model.GetAnnotations()["peer.facehash.dev/samples"]; !asked {
		return ctrl.Result{}, nil
	}
	job := jobOf(model, r.platform)
	found := &batchv1.Job{}
	err := r.Get(ctx, client.ObjectKeyFromObject(job), found)
	if err == nil || !apierrors.IsNotFound(err) {
		return ctrl.Result{}, err
	}
	return ctrl.Result{}, client.IgnoreAlreadyExists(r.Create(ctx, job))
}

func jobOf(model *unstructured.Unstructured, namespace string) *batchv1.Job {
	hash := fnv.New64a()
	fmt.Fprint(hash, model.Object["spec"])
	suspended, retries := true, int32(0)
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Name:      "peer-" + string(model.GetUID()) + "-" + hex.EncodeToString(hash.Sum(nil))[:8],
			Namespace: namespace,
			Labels:    map[string]string{"peer.facehash.dev/model": string(model.GetUID())},
		},
		Spec: batchv1.JobSpec{Suspend: &suspended, BackoffLimit: &retries, Template: corev1.PodTemplateSpec{
			Spec: corev1.PodSpec{
				RestartPolicy: corev1.RestartPolicyNever,
				Containers:    []corev1.Container{{Name: "trainer", Image: "facehash/trainer:test"}},
			},
		}},
	}
}

func main() {
	kubeconfig := flag.String("config", "", "path of a kubeconfig")
	platform := flag.String("platform", "facehash", "namespace of the Jobs")
	metrics := flag.String("metrics", "127.0.0.1:0", "where metrics are served")
	health := flag.String("health", "127.0.0.1:0", "where readiness is asked")
	workers := flag.Int("workers", 16, "models at once")
	qps := flag.Float64("qps", 100, "calls a second")
	flag.Parse()
	ctrl.SetLogger(zap.New())
	if err := run(*kubeconfig, *platform, *metrics, *health, *workers, *qps); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(kubeconfig, platform, metrics, health string, workers int, qps float64) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = float32(qps), int(2*qps)
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                 scheme,
		Metrics:                metricsserver.Options{BindAddress: metrics},
		HealthProbeBindAddress: health,
		LeaderElection:         true, LeaderElectionID: "peer", LeaderElectionNamespace: platform, LeaderElectionReleaseOnCancel: true,
		Cache: cache.Options{
			DefaultTransform: cache.TransformStripManagedFields(),
			ByObject:         map[client.Object]cache.ByObject{&batchv1.Job{}: {Namespaces: map[string]cache.Config{platform: {}}}},
		},
		Client: client.Options{Cache: &client.CacheOptions{Unstructured: true}},
	})
	if err != nil {
		return err
	}
	model := &unstructured.Unstructured{}
	model.SetGroupVersionKind(faceModel)
	err = ctrl.NewControllerManagedBy(manager).For(model).Owns(&batchv1.Job{}).Named("facemodel").
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		Complete(&reconciler{Client: manager.GetClient(), platform: platform})
	if err != nil {
		return err
	}
	if err := manager.AddReadyzCheck("caches", healthz.Ping); err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}
